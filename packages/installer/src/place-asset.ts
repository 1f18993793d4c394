// Gives a file of a release its second name below `shared/static`. Other users may write to `shared`: nothing is placed
// or removed through a link.
import { closeSync, lstatSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { SalverError, printable } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { placeFile } from './place-file.js';
import type { ReleaseAsset } from './release-assets.js';
import { syncCopied } from './sync-copied.js';
import { syncDirectory } from './sync-directory.js';

const UNFINISHED_NAME = '.salver-unfinished';

export type Placed = 'placed' | 'present' | 'conflict';

/** The places below `shared/static`, for the length of one run. */
export class AssetPlaces {
  readonly #top: string;
  readonly #checked = new Set<string>();
  readonly #touched = new Set<string>();

  constructor({ keptAssets, shared }: HostPaths) {
    this.#top = keptAssets;
    this.#checked.add(shared);
  }

  /**
   * Places one file: nobody ever sees half of it. `conflict`: other bytes lie there under a name that never changes.
   * Throws E_ROOT_UNUSABLE and the system's error.
   */
  place(file: ReleaseAsset): Placed {
    const path = `${this.#top}/${file.place}`;
    this.#makeDirectory(dirname(path));
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there !== undefined) {
      if (!there.isFile()) throw unusable(path, 'is no file');
      if (isSame(file.from, path)) return 'present';
      // Another zlib gives another form of the same content.
      if (file.isImmutable) return file.isForm ? 'present' : 'conflict';
    }
    const unfinished = `${dirname(path)}/${UNFINISHED_NAME}`;
    rmSync(unfinished, { force: true });
    try {
      if (placeFile(file.from, unfinished, 'link') !== undefined) syncCopied(unfinished);
      renameSync(unfinished, path);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw error;
    }
    this.#touched.add(dirname(path));
    return 'placed';
  }

  /** Where a file lies, or undefined when there is none that could be removed. Throws E_ROOT_UNUSABLE. */
  find(place: string): string | undefined {
    const path = `${this.#top}/${place}`;
    if (!this.#isThere(dirname(path))) return undefined;
    return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined;
  }

  /** Makes the new names durable. Throws the system's error. */
  sync(): void {
    for (const directory of this.#touched) syncDirectory(directory);
  }

  #makeDirectory(directory: string): void {
    if (this.#checked.has(directory)) return;
    this.#makeDirectory(dirname(directory));
    if (!isDirectory(directory)) {
      mkdirSync(directory);
      this.#touched.add(dirname(directory));
    }
    this.#checked.add(directory);
  }

  #isThere(directory: string): boolean {
    if (this.#checked.has(directory)) return true;
    return this.#isThere(dirname(directory)) && isDirectory(directory);
  }
}

function isDirectory(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isDirectory()) return stats !== undefined;
  throw unusable(path, stats.isSymbolicLink() ? 'is a link' : 'is no directory');
}

function unusable(path: string, why: string): SalverError {
  return new SalverError('E_ROOT_UNUSABLE', `${printable(path)} ${why}: assets cannot be kept there`, {
    hint: 'remove it, or mount the other place instead of linking to it; nothing was switched',
    facts: { path: printable(path) },
  });
}

const READ_BYTES = 256 * 1024;

/** The same file, or one with the same bytes. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [lstatSync(a), lstatSync(b)];
  if (one.ino === other.ino && one.dev === other.dev) return true;
  return one.size === other.size && haveSameBytes(a, b, one.size);
}

function haveSameBytes(a: string, b: string, sizeBytes: number): boolean {
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const;
  const buffers = [Buffer.alloc(READ_BYTES), Buffer.alloc(READ_BYTES)] as const;
  try {
    for (let at = 0; at < sizeBytes; at += READ_BYTES) {
      const length = Math.min(READ_BYTES, sizeBytes - at);
      const [one, other] = files.map((file, index) =>
        readSync(file, buffers[index] as Buffer, 0, length, at),
      );
      if (one !== length || other !== length) return false;
      if (buffers[0].compare(buffers[1], 0, length, 0, length) !== 0) return false;
    }
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}
