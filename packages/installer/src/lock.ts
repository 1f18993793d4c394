// P0: one installation at a time per root. The kernel's lock is taken by flock(1) on a descriptor that this
// process opened: the lock belongs to the open file, stays after flock(1) has ended, and the kernel frees it
// when this process dies in whatever way. No native addon, no heart-beat that a busy loop could miss.
// Without flock(1) a hard link is the lock (link-lock.ts). Each kind also honours a live holder of the other.
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { heldLinkLock, releaseLinkLock, takeLinkLock } from './link-lock.js';
import { formatLockHolder, parseLockHolder } from './lock-holder.js';
import type { LockHolder } from './lock-holder.js';
import { mayBeAlive } from './process-identity.js';

/** A held lock. */
export interface RootLock {
  release(): void;
}

export interface LockOptions {
  /** What the holder does, for others to read: `install`. */
  readonly action: string;
  /** How long to wait for another holder, in milliseconds. Default 0: give up at once. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where flock(1) is looked for; tests set it to a directory without one. */
  readonly toolPath?: string | undefined;
}

const POLL_MS = 100;
/** How long a holder may take to write down who it is. */
const NAMING_MS = 500;
/** flock(1) found the lock held by somebody else. */
const FLOCK_STATUS_HELD = 1;

/**
 * Runs `work` while this process alone holds the lock of the root.
 * Throws E_LOCK_HELD, saying who holds it since when; E_ROOT_UNUSABLE when locking does not work there.
 */
export async function withRootLock<T>(
  paths: HostPaths,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await takeRootLock(paths, options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function takeRootLock(paths: HostPaths, options: LockOptions): Promise<RootLock> {
  const began = Date.now();
  for (;;) {
    const attempt = tryLock(paths, options);
    if ('release' in attempt) return attempt;
    // A holder that has the lock for a moment only has not noted its name yet: worth asking again.
    const waitMs = Math.max(options.waitMs ?? 0, attempt.holder === undefined ? NAMING_MS : 0);
    if (Date.now() - began >= waitMs) throw lockHeld(paths, attempt.holder);
    await delay(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => {
        throw new SalverError('E_INTERRUPTED', 'interrupted while waiting for the lock');
      },
    );
  }
}

interface Held {
  readonly holder: LockHolder | undefined;
}

function tryLock(paths: HostPaths, options: LockOptions): RootLock | Held {
  let fd: number;
  try {
    fd = openSync(paths.lock, 'a+', 0o600);
  } catch (error) {
    throw fileSystemError(error, `cannot open the lock ${paths.lock}`);
  }
  let taken = false;
  try {
    const result = flock(fd, paths, options) ?? linkLock(paths, options);
    taken = 'release' in result;
    if (!taken) return result;
    writeNote(fd, formatLockHolder(options.action));
    return {
      release: () => {
        writeNote(fd, '');
        (result as RootLock).release();
        closeSync(fd);
      },
    };
  } finally {
    if (!taken) closeSync(fd);
  }
}

/** Undefined when there is no flock(1). */
function flock(fd: number, paths: HostPaths, options: LockOptions): RootLock | Held | undefined {
  const result = spawnSync('flock', ['-n', '-x', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
    ...(options.toolPath === undefined ? {} : { env: { PATH: options.toolPath } }),
  });
  if (result.error !== undefined) {
    if (errnoOf(result.error) === 'ENOENT') return undefined;
    throw new SalverError('E_ROOT_UNUSABLE', 'flock(1) could not be started', { cause: result.error });
  }
  if (result.status === FLOCK_STATUS_HELD) return { holder: readHolder(paths) };
  if (result.status !== 0) {
    const complaint = printable(result.stderr.toString().trim());
    throw new SalverError('E_ROOT_UNUSABLE', `the lock ${paths.lock} cannot be taken: ${complaint}`, {
      hint: 'keep the root on a local file system that supports locks',
    });
  }
  // Somebody without flock(1) may hold the other kind of lock.
  const other = heldLinkLock(paths);
  return other === undefined ? { release: () => undefined } : { holder: other };
}

function linkLock(paths: HostPaths, options: LockOptions): RootLock | Held {
  const noted = readHolder(paths);
  if (noted !== undefined && mayBeAlive(noted)) return { holder: noted };
  const holder = takeLinkLock(paths, formatLockHolder(options.action));
  return holder === undefined ? { release: () => releaseLinkLock(paths) } : { holder };
}

function readHolder(paths: HostPaths): LockHolder | undefined {
  try {
    return parseLockHolder(readFileSync(paths.lock, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The note is for people: a full disk must not stop a rollback because of it. */
function writeNote(fd: number, text: string): void {
  try {
    ftruncateSync(fd, 0);
    if (text !== '') writeSync(fd, text);
  } catch {
    // Nothing depends on the note while flock(1) works, and link-lock.ts has a note of its own.
  }
}

function lockHeld(paths: HostPaths, holder: LockHolder | undefined): SalverError {
  const who =
    holder === undefined
      ? 'another process'
      : `process ${holder.pid} (${holder.action}, since ${holder.since})`;
  return new SalverError('E_LOCK_HELD', `${paths.root} is locked by ${who}`, {
    hint: 'wait until it is done, or pass a time to wait',
    facts: holder === undefined ? {} : { pid: holder.pid, since: holder.since, action: holder.action },
  });
}
