// Where a source distribution is built. Compilers put the path into what they make, so it is the same on every machine
// and for everybody: a place of its own below /tmp, which one build at a time has.
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  SalverError,
  errnoOf,
  fileSystemError,
  formatIdentity,
  livenessOf,
  ownIdentity,
  parseIdentity,
} from '@salver/core';

const PLACE = '/tmp';
const OWNER_FILE = 'owner';
const POLL_MS = 200;

/**
 * Hands over a fresh directory named after `key`, removed afterwards. Waits while another build has it.
 * Throws E_FILE_SYSTEM, E_DISK_FULL, E_INTERRUPTED.
 */
export async function withBuildDirectory<T>(
  key: string,
  signal: AbortSignal,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = join(PLACE, `salver-sdist-${key}`);
  await take(directory, signal);
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function take(directory: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    if (signal.aborted)
      throw new SalverError('E_INTERRUPTED', 'interrupted while waiting to build a source distribution');
    try {
      mkdirSync(directory, { mode: 0o700 });
      writeFileSync(join(directory, OWNER_FILE), formatIdentity(ownIdentity()));
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw fileSystemError(error, `cannot make ${directory}`);
    }
    if (isLeftOver(directory)) rmSync(directory, { recursive: true, force: true });
    else await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** True when whoever made it is gone. Throws for a place that somebody else has taken. */
function isLeftOver(directory: string): boolean {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
    throw new SalverError('E_FILE_SYSTEM', `${directory} belongs to somebody else`, {
      hint: 'another user of this machine builds the same, or has left it: wait, or have it removed',
      facts: { path: directory },
    });
  }
  try {
    const owner = parseIdentity(readFileSync(join(directory, OWNER_FILE), 'utf8'));
    return owner !== undefined && livenessOf(owner) === 'gone';
  } catch {
    // Between the two steps of taking it, or of a crash there: only old ones are left over.
    return Date.now() - stats.mtimeMs > 60_000;
  }
}
