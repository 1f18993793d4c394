// One builder at a time per key: a slow compile is done once, a work directory has one user.
//
// The lock is the kernel's, taken by flock(1) on a descriptor this process opened: it belongs to the open file, stays
// when flock(1) has ended, and is freed by the kernel however this process dies. No native addon, and no
// heart-beat that a busy event loop could miss. Where there is no flock(1), link-lock.ts does it.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { SalverError, errnoOf, fileSystemError, ownIdentity, printable } from '@salver/core';
import type { Progress } from '@salver/core';
import { spreadKey } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { writeFully } from './file-io.js';
import { takeLinkLock } from './link-lock.js';

/** Gives a lock back. */
export type Release = () => void;

export interface CacheLockOptions {
  readonly paths: CachePaths;
  readonly progress: Progress;
  /** `PATH` is where flock(1) is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** flock(1) found the lock held by somebody else. */
const STATUS_HELD = 1;

export class CacheLocks {
  readonly #options: CacheLockOptions;
  /** Ends of the queues within this process: a second descriptor of our own would wait for ourselves. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor(options: CacheLockOptions) {
    this.#options = options;
  }

  /** See `BuildCache.withLock`. Throws E_INTERRUPTED while waiting, E_FILE_SYSTEM. */
  async withLock<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    let leave: () => void = () => undefined;
    const mine = before.then(() => new Promise<void>((resolve) => (leave = resolve)));
    this.#queues.set(key, mine);
    await before;
    try {
      const release = await this.#take(key);
      try {
        return await work();
      } finally {
        release();
      }
    } finally {
      leave();
      if (this.#queues.get(key) === mine) this.#queues.delete(key);
    }
  }

  async #take(key: string): Promise<Release> {
    const path = join(this.#options.paths.locks, `${spreadKey(key)}.lock`);
    for (;;) {
      const release = await this.#tryPath(path, key);
      if (release !== undefined) return release;
    }
  }

  /** Undefined when the file was replaced while waiting for it. */
  async #tryPath(path: string, key: string): Promise<Release | undefined> {
    const fd = openLockFile(path);
    let held = false;
    try {
      const status = flockNow(fd, this.#options.env);
      if (status === undefined) {
        const release = await takeLinkLock(path, {
          ...this.#options,
          onWait: (holder) => this.#sayWaiting(key, holder),
        });
        held = true;
        return () => {
          release();
          closeSync(fd);
        };
      }
      if (status === STATUS_HELD) {
        this.#sayWaiting(key, readHolder(path));
        await flockWaiting(fd, this.#options);
      } else if (status !== 0) {
        throw new SalverError('E_FILE_SYSTEM', `cannot lock ${path}`, {
          hint: 'keep the cache on a file system that supports locks, or set SALVER_CACHE',
        });
      }
      if (!isSameFile(fd, path)) return undefined;
      held = true;
      noteHolder(fd);
      return () => {
        // Removed while still held: whoever waits for this file sees that it is no longer the one at `path`.
        rmSync(path, { force: true });
        closeSync(fd);
      };
    } finally {
      if (!held) closeSync(fd);
    }
  }

  #sayWaiting(key: string, holder: string): void {
    this.#options.progress.note(`waiting for ${holder}, which works on ${printable(key)}`);
  }
}

function openLockFile(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a+', 0o644);
  } catch (error) {
    throw fileSystemError(error, `cannot open the lock ${path}`);
  }
}

/** Exit status of `flock -n`, or undefined when there is no flock(1). */
function flockNow(fd: number, env: CacheLockOptions['env']): number | undefined {
  const result = spawnSync('flock', ['-n', '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    env: { PATH: env.PATH },
  });
  if (result.error !== undefined && errnoOf(result.error) !== 'ENOENT') {
    throw new SalverError('E_TOOL_MISSING', 'flock(1) could not be started', { cause: result.error });
  }
  return result.error === undefined ? (result.status ?? -1) : undefined;
}

/** Waits in the kernel, without polling, until the lock is ours. */
function flockWaiting(fd: number, options: CacheLockOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      env: { PATH: options.env.PATH },
    });
    const stop = (): void => void child.kill('SIGKILL');
    options.signal.addEventListener('abort', stop);
    if (options.signal.aborted) stop();
    child.on('error', reject);
    child.on('close', (status) => {
      options.signal.removeEventListener('abort', stop);
      if (status === 0) resolve();
      else reject(new SalverError('E_INTERRUPTED', 'interrupted while waiting for another build'));
    });
  });
}

function isSameFile(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}

function noteHolder(fd: number): void {
  try {
    ftruncateSync(fd, 0);
    writeFully(fd, Buffer.from(String(ownIdentity().pid)));
  } catch {
    // The note is only for messages; the lock does not depend on it.
  }
}

function readHolder(path: string): string {
  try {
    const text = readFileSync(path, 'latin1');
    return /^[0-9]{1,10}$/.test(text) ? `process ${text}` : 'another build';
  } catch {
    return 'another build';
  }
}
