// Fetches a whole artifact into a directory. It has another name until it was verified; a download that was cut goes on
// where it was.
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SalverError, TAIL_MEMBER, errnoOf, fileSystemError, readHead, storedMembers } from '@salver/core';
import type { ArtifactSource, Progress, Store } from '@salver/core';
import { openRemoteArtifact } from './remote-artifact.js';

export interface DownloadOptions {
  readonly store: Store;
  readonly key: string;
  readonly directory: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Is the file the release that was asked for, every byte of it? May throw. */
  readonly verify: (path: string) => Promise<boolean>;
}

export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytesFetched: number;
}

const DOWNLOADS = '.salver-downloads';

/** Throws what store and `verify` throw, E_RELEASE_MISMATCH, E_FILE_SYSTEM, E_DISK_FULL. */
export async function downloadRelease(options: DownloadOptions): Promise<Downloaded> {
  const { key, directory } = options;
  const downloads = join(directory, DOWNLOADS);
  const file = key.split('/').at(-1) ?? key;
  const [path, whole] = [join(directory, file), join(downloads, file)];
  try {
    mkdirSync(downloads, { recursive: true });
    const bytesFetched = await fetchWhole(options, downloads, whole);
    if (!(await options.verify(whole))) throw wrongRelease(options);
    const { size } = statSync(whole);
    renameSync(whole, path);
    clearAway(downloads, file);
    return { path, sizeBytes: size, bytesFetched };
  } catch (error) {
    rmSync(whole, { force: true });
    throw fileSystemError(error, `cannot write ${path}`);
  }
}

/** Another download may be going on in the same directory. */
function clearAway(downloads: string, file: string): void {
  for (const suffix of ['.part', '.part.json']) rmSync(join(downloads, `${file}${suffix}`), { force: true });
  try {
    rmdirSync(downloads);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
  }
}

async function fetchWhole(options: DownloadOptions, downloads: string, whole: string): Promise<number> {
  const { store, key, progress, signal } = options;
  const local = store.localPath?.(key);
  if (local !== undefined) {
    copyFileSync(local, whole);
    return 0;
  }
  const source = await openRemoteArtifact({ store, key, downloads, signal });
  try {
    const head = readHead(source);
    await source.bring?.(storedMembers(head), { progress, signal });
    writeWhole(source, head, whole);
    return source.moved?.bytes ?? 0;
  } finally {
    source.close();
  }
}

function writeWhole(source: ArtifactSource, head: Parameters<typeof storedMembers>[0], path: string): void {
  const fd = openSync(path, 'w', 0o644);
  try {
    writeSync(fd, source.readSync(0, head.headBytes));
    for (const { offset, storedBytes } of storedMembers(head))
      writeSync(fd, source.readSync(offset, storedBytes));
    writeSync(fd, TAIL_MEMBER);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function wrongRelease({ store, key }: DownloadOptions): SalverError {
  return new SalverError(
    'E_RELEASE_MISMATCH',
    `${key} in ${store.description} is another release than was asked for`,
    {
      hint: 'look who has changed the store',
    },
  );
}
