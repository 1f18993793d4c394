// How files come into and go out of the cache. Writers use a private name in tmp/ and rename: a crash leaves
// only a file in tmp/, which the next opener removes once the writer is gone; a real name always belongs to a file
// that was written to its end.
//
// Nothing here calls fsync. After a power cut a file may be torn or empty, but every kind of file carries digests
// that are checked when it is read; a torn one counts as absent and is made again. Syncing some thousand small
// files would cost a first build more than that rare second fetch.
import { mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, fileSystemError, printable } from '@salver/core';
import type { Progress } from '@salver/core';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Gives a finished temporary file its real name. The last of several equal writers wins: all have the same bytes. */
export function publishFile(temporary: string, path: string): void {
  try {
    try {
      renameSync(temporary, path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      mkdirSync(dirname(path), { recursive: true });
      renameSync(temporary, path);
    }
  } catch (error) {
    throw fileSystemError(error, `cannot write to the cache at ${path}`);
  }
}

/** Removes a damaged entry and says so. It is made or fetched again when next needed. */
export function discardDamaged(path: string, what: string, progress: Progress): void {
  rmSync(path, { force: true });
  // Code last, as in error messages.
  progress.warn(`removed a damaged cache entry: ${printable(what)} [E_CACHE_DAMAGED]`);
}

/**
 * Notes that an entry was used: pruning removes the longest unused. Written at most once a day, so that
 * a warm build does not turn every read into a write.
 */
export function touch(path: string, mtimeMs: number): void {
  const now = Date.now();
  if (now - mtimeMs < DAY_MS) return;
  try {
    utimesSync(path, now / 1000, now / 1000);
  } catch {
    // A cache that can only be read still serves; pruning then goes by the time of writing.
  }
}

/** Modification time and size, or undefined when there is no such file. */
export function statFile(path: string): { readonly mtimeMs: number; readonly sizeBytes: number } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { mtimeMs: stat.mtimeMs, sizeBytes: stat.size };
}
