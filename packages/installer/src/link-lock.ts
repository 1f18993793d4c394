// The fallback of lock.ts where flock(1) is missing: link(2) of a private file to one fixed name succeeds for
// exactly one process. The file names its holder; a holder that is certainly gone is removed.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf, fileSystemError } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { parseLockHolder } from './lock-holder.js';
import type { LockHolder } from './lock-holder.js';
import { mayBeAlive } from './process-identity.js';

/** install.sh uses the same name. */
function linkLockPath(paths: HostPaths): string {
  return `${paths.lock}.held`;
}

/** The live holder, or undefined. A holder that is gone does not count. */
export function heldLinkLock(paths: HostPaths): LockHolder | undefined {
  const holder = readLinkLock(paths);
  return holder !== undefined && mayBeAlive(holder) ? holder : undefined;
}

/** Takes the lock and returns undefined, or returns the live holder. Throws E_FILE_SYSTEM, E_DISK_FULL. */
export function takeLinkLock(paths: HostPaths, note: string): LockHolder | undefined {
  const mine = `${paths.lock}.${process.pid}.tmp`;
  try {
    writeFileSync(mine, note, { mode: 0o600 });
    for (;;) {
      if (tryLink(mine, linkLockPath(paths))) return undefined;
      const holder = heldLinkLock(paths);
      if (holder !== undefined) return holder;
      removeStale(paths);
    }
  } catch (error) {
    throw fileSystemError(error, `cannot take the lock ${linkLockPath(paths)}`);
  } finally {
    rmSync(mine, { force: true });
  }
}

export function releaseLinkLock(paths: HostPaths): void {
  rmSync(linkLockPath(paths), { force: true });
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

/**
 * Two processes may find the same stale lock. Renaming it away first means that only one of them removes it;
 * should the other rename a lock that was taken meanwhile, it sees the live holder inside and puts it back.
 */
function removeStale(paths: HostPaths): void {
  const aside = `${paths.lock}.${process.pid}.stale`;
  try {
    renameSync(linkLockPath(paths), aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  const holder = parseLockHolder(readFileSync(aside, 'utf8'));
  if (holder !== undefined && mayBeAlive(holder)) tryLink(aside, linkLockPath(paths));
  rmSync(aside, { force: true });
}

function readLinkLock(paths: HostPaths): LockHolder | undefined {
  try {
    return parseLockHolder(readFileSync(linkLockPath(paths), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read the lock ${linkLockPath(paths)}`);
  }
}
