// The lock of cache-lock.ts where flock(1) is missing: link(2) of a private file to one fixed name succeeds for exactly
// one process. The file names its holder; a holder that is certainly gone loses the lock.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  SalverError,
  errnoOf,
  fileSystemError,
  formatIdentity,
  livenessOf,
  ownIdentity,
  parseIdentity,
} from '@salver/core';

const POLL_MS = 100;
let sequence = 0;

export interface LinkLockOptions {
  readonly signal: AbortSignal;
  /** Called once, with words for the holder, when the lock is held by somebody else. */
  readonly onWait: (holder: string) => void;
}

/** Waits until the lock is ours. Throws E_INTERRUPTED, E_FILE_SYSTEM, E_DISK_FULL. */
export async function takeLinkLock(path: string, options: LinkLockOptions): Promise<() => void> {
  const held = `${path}.held`;
  sequence += 1;
  const mine = `${path}.${formatIdentity(ownIdentity())}.${sequence}`;
  let hasSaid = false;
  try {
    writeFileSync(mine, formatIdentity(ownIdentity()), { mode: 0o644 });
    while (!tryLink(mine, held)) {
      const holder = readHolder(held);
      if (holder.isGone) {
        removeStale(held, mine);
        continue;
      }
      if (!hasSaid) options.onWait(holder.words);
      hasSaid = true;
      await pause(options.signal);
    }
    return () => rmSync(held, { force: true });
  } catch (error) {
    throw fileSystemError(error, `cannot take the lock ${held}`);
  } finally {
    rmSync(mine, { force: true });
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(POLL_MS, undefined, { signal });
  } catch (error) {
    throw new SalverError('E_INTERRUPTED', 'interrupted while waiting for another build', { cause: error });
  }
}

function tryLink(existing: string, path: string): boolean {
  try {
    linkSync(existing, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(held: string): { readonly isGone: boolean; readonly words: string } {
  let text: string;
  try {
    text = readFileSync(held, 'latin1');
  } catch (error) {
    // Given back between our two looks: the next try finds it free.
    if (errnoOf(error) === 'ENOENT') return { isGone: false, words: 'another build' };
    throw error;
  }
  const identity = parseIdentity(text);
  if (identity === undefined) return { isGone: false, words: 'another build' };
  return { isGone: livenessOf(identity) === 'gone', words: `process ${identity.pid}` };
}

/**
 * Several processes may find the same stale lock. Only one can rename it away; should it turn out that a lock was
 * taken between the look and the rename, it is put back.
 */
function removeStale(held: string, mine: string): void {
  const aside = `${mine}.stale`;
  try {
    renameSync(held, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if (!readHolder(aside).isGone) tryLink(aside, held);
  rmSync(aside, { force: true });
}
