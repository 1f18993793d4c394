// The cache's tmp/ directory: names that tell whose they are, so that what a killed process left behind
// is recognised and removed by the next one.
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  errnoOf,
  fileSystemError,
  formatIdentity,
  livenessOf,
  ownIdentity,
  parseIdentity,
} from '@salver/core';
import { removeOnSignal } from './remove-on-signal.js';

/** Leftovers whose writer cannot be judged (another machine or container) go after this time. */
const FOREIGN_AGE_MS_MAX = 24 * 60 * 60 * 1000;

let sequence = 0;

/** A file name that nobody else uses and that tells whose it is. */
export function temporaryName(): string {
  sequence += 1;
  return `${formatIdentity(ownIdentity())}.${sequence}`;
}

/** A path in `directory` (made when missing) that nobody else uses. Nothing is created there. */
export function temporaryPath(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw fileSystemError(error, `cannot create ${directory}`);
  }
  return join(directory, temporaryName());
}

/**
 * Runs `work` with a fresh directory (mode 0700) that is removed afterwards: on success, failure and signals.
 * After kill -9 the next {@link cleanTemporary} removes it.
 */
export async function withTemporaryDirectory<T>(
  parent: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = temporaryPath(parent);
  const forget = removeOnSignal(directory);
  try {
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      throw fileSystemError(error, `cannot create ${directory}`);
    }
    return await work(directory);
  } finally {
    await removeTree(directory);
    forget();
  }
}

/** Removes a tree, directories without write permission inside it included. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error;
    makeWritable(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o700);
  for (const item of readdirSync(directory, { withFileTypes: true })) {
    if (item.isDirectory()) makeWritable(join(directory, item.name));
  }
}

/**
 * Removes what processes that are gone left in `directory` under names that begin with `prefix`.
 * Cheap when there is nothing. Throws E_FILE_SYSTEM.
 */
export function cleanTemporary(directory: string, prefix = ''): void {
  for (const name of listNames(directory)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(directory, name);
    if (isLeftover(name.slice(prefix.length), path)) rmSync(path, { recursive: true, force: true });
  }
}

function isLeftover(name: string, path: string): boolean {
  const identity = parseIdentity(name);
  const liveness = identity === undefined ? 'unknown' : livenessOf(identity);
  if (liveness !== 'unknown') return liveness === 'gone';
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > FOREIGN_AGE_MS_MAX;
}

function listNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileSystemError(error, `cannot read ${directory}`);
  }
}
