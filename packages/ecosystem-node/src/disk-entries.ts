// Entries whose bytes lie in files on disk: what scripts and builds leave in a package's directory.
import { closeSync, lstatSync, openSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { PackEntry } from '@salver/core';
import { SalverError, comparePaths, fileSystemError, limits, linkEntry, printable } from '@salver/core';

/** Entries below one directory at most. */
const DISK_ENTRIES_MAX = limits.ENTRIES_MAX;

export interface DiskWalk {
  /** Top of the tree on disk; entry paths are relative to it. */
  readonly rootDir: string;
  /** Where to walk, relative to the top. */
  readonly location: string;
  /** Paths (relative to the top) that are passed over with everything below. */
  readonly skip: (path: string) => boolean;
}

/**
 * Files and links below a directory, sorted by path; directories are not listed. Sockets and devices are
 * passed over. Throws E_FILE_SYSTEM, E_LIMIT_EXCEEDED.
 */
export function listDiskEntries(walk: DiskWalk): readonly PackEntry[] {
  const entries: PackEntry[] = [];
  const visit = (directory: string): void => {
    for (const child of readdirSync(join(walk.rootDir, directory), { withFileTypes: true })) {
      const path = `${directory}/${child.name}`;
      if (walk.skip(path)) continue;
      if (child.isDirectory()) visit(path);
      else if (child.isFile()) entries.push(diskFileEntry(walk.rootDir, path));
      else if (child.isSymbolicLink()) entries.push(linkEntry(path, readlinkSync(join(walk.rootDir, path))));
      if (entries.length > DISK_ENTRIES_MAX) throw tooMany(walk.location);
    }
  };
  try {
    visit(walk.location);
  } catch (error) {
    throw fileSystemError(error, `cannot read ${printable(walk.location)}`);
  }
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

/** An entry that reads from a file when asked, without keeping it open. */
export function diskFileEntry(rootDir: string, path: string): PackEntry {
  const absolute = join(rootDir, path);
  const stat = lstatSync(absolute);
  return {
    path,
    kind: 'file',
    executable: (stat.mode & 0o100) !== 0,
    sizeBytes: stat.size,
    linkTarget: '',
    readSync: (offset, length) => readRange(absolute, offset, length),
  };
}

/** Fewer bytes than asked for when the file ends before: packing then says that it changed. */
function readRange(path: string, offset: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw fileSystemError(error, `cannot read ${printable(path)}`);
  }
  try {
    let filled = 0;
    while (filled < length) {
      const count = readSync(fd, bytes, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

const COMPARE_BYTES = 256 * 1024;

/** True when two entries would be packed to the same bytes. */
export function isSameEntry(a: PackEntry, b: PackEntry): boolean {
  if (a.kind !== b.kind || a.sizeBytes !== b.sizeBytes || a.linkTarget !== b.linkTarget) return false;
  if (a.kind !== 'file') return true;
  if (a.executable !== b.executable) return false;
  for (let offset = 0; offset < a.sizeBytes; offset += COMPARE_BYTES) {
    const length = Math.min(COMPARE_BYTES, a.sizeBytes - offset);
    if (Buffer.compare(a.readSync(offset, length), b.readSync(offset, length)) !== 0) return false;
  }
  return true;
}

function tooMany(location: string): SalverError {
  return new SalverError(
    'E_LIMIT_EXCEEDED',
    `more than ${DISK_ENTRIES_MAX} files below ${printable(location)}`,
    {
      hint: 'look at what the build left there',
      facts: { path: printable(location) },
    },
  );
}
