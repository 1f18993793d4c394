// A small file system of its own, filled up to the byte: ext4 in an image file where loop devices work, else a tmpfs.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '@salver/core';
import { smallDiskSkipReason } from '../small-disk.js';

export type DiskKind = 'ext4' | 'tmpfs';

const SIZE_MIB = 24;
/** Enough for a few releases, and soon used up. */
const INODES = 1_024;

export class FullDisk {
  readonly kind: DiskKind;
  readonly path: string;
  readonly #ballast: string;
  readonly #crowd: string;

  constructor(kind: DiskKind, path: string) {
    this.kind = kind;
    this.path = path;
    this.#ballast = join(path, 'ballast');
    this.#crowd = join(path, 'crowd');
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  get freeInodes(): number {
    return statfsSync(this.path).ffree;
  }

  /** Uses up all but so many bytes; what the file system needs for itself may make it a block less. */
  fillBytes(room: number): void {
    writeFileSync(this.#ballast, '');
    const { bsize } = statfsSync(this.path);
    for (let excess = this.freeBytes - room; excess >= bsize; excess = this.freeBytes - room) {
      if (!appendZeros(this.#ballast, excess)) break;
    }
    while (this.freeBytes < room && statSync(this.#ballast).size >= bsize) {
      truncateSync(this.#ballast, statSync(this.#ballast).size - bsize);
    }
  }

  /** Uses up all but so many inodes. */
  fillInodes(room: number): void {
    mkdirSync(this.#crowd);
    for (let index = 0; this.freeInodes > room; index += 1)
      writeFileSync(join(this.#crowd, String(index)), '');
  }

  /** Gives everything back. */
  clear(): void {
    rmSync(this.#ballast, { force: true });
    rmSync(this.#crowd, { force: true, recursive: true });
  }

  remount(mode: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${mode}`, this.path], { stdio: 'pipe' });
  }
}

/** False when the disk was full before. */
function appendZeros(path: string, bytes: number): boolean {
  try {
    appendFileSync(path, Buffer.alloc(bytes));
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOSPC') throw error;
    return false;
  }
}

/** Why a kind of disk cannot be had here, or false. */
export function diskSkipReason(kind: DiskKind): string | false {
  if (kind === 'tmpfs' || smallDiskSkipReason !== false) return smallDiskSkipReason;
  try {
    const mounted = mountDisk(kind);
    unmountDisk(mounted);
    return false;
  } catch {
    return 'this machine does not allow mounting an ext4 image';
  }
}

interface Mounted {
  readonly directory: string;
  readonly path: string;
}

/** Runs `work` with an empty disk of the kind. */
export async function withFullDisk<T>(kind: DiskKind, work: (disk: FullDisk) => Promise<T>): Promise<T> {
  const mounted = mountDisk(kind);
  try {
    return await work(new FullDisk(kind, mounted.path));
  } finally {
    unmountDisk(mounted);
  }
}

function mountDisk(kind: DiskKind): Mounted {
  const directory = mkdtempSync(join(tmpdir(), 'salver-disk-'));
  const path = join(directory, 'mount');
  mkdirSync(path);
  try {
    const run = (command: string, ...args: readonly string[]): unknown =>
      execFileSync(command, args, { stdio: 'pipe' });
    if (kind === 'tmpfs') {
      run('mount', '-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,nr_inodes=${INODES}`, 'tmpfs', path);
    } else {
      const image = join(directory, 'image');
      makeSparse(image, SIZE_MIB * 1024 * 1024);
      run('mkfs.ext4', '-q', '-F', '-m', '0', '-b', '4096', '-N', String(INODES), image);
      run('mount', '-o', 'loop', image, path);
    }
    return { directory, path };
  } catch (error) {
    rmSync(directory, { recursive: true });
    throw error;
  }
}

function makeSparse(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
}

function unmountDisk({ directory, path }: Mounted): void {
  execFileSync('umount', [path], { stdio: 'pipe' });
  rmSync(directory, { recursive: true });
}
