// One file or link of a source tree as it was when it was listed. Reading it later notices any change.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import {
  SalverError,
  errnoOf,
  fileSystemError,
  linkTargetProblem,
  pathProblem,
  printable,
} from '@salver/core';
import type { PackEntry } from '@salver/core';
import { readFully } from './file-io.js';

/** A file, link or empty directory of a tree. */
export interface SourceFile {
  /** Relative to the top of the tree, `/` between components. */
  readonly path: string;
  /** Where it lies on disk. */
  readonly absolutePath: string;
  readonly kind: 'file' | 'symlink' | 'directory';
  /** The owner may execute it. Group, others and the umask do not matter. */
  readonly executable: boolean;
  readonly sizeBytes: number;
  readonly linkTarget: string;
  /** Changes when the content does. */
  readonly stamp: string;
}

/**
 * Looks at one path of a tree. Undefined when it is gone (tracked by git but deleted) or neither file, link nor
 * directory. Throws E_PATH_UNSAFE, E_FILE_SYSTEM.
 */
export function statSource(root: string, path: string): SourceFile | undefined {
  const problem = pathProblem(path);
  if (problem !== undefined) throw unsafe(path, problem);
  const absolutePath = join(root, path);
  try {
    const stat = lstatSync(absolutePath);
    const kind = stat.isFile()
      ? 'file'
      : stat.isSymbolicLink()
        ? 'symlink'
        : stat.isDirectory()
          ? 'directory'
          : undefined;
    if (kind === undefined) return undefined;
    return {
      path,
      absolutePath,
      kind,
      executable: kind === 'file' && (stat.mode & constants.S_IXUSR) !== 0,
      sizeBytes: kind === 'file' ? stat.size : 0,
      linkTarget: kind === 'symlink' ? readTarget(absolutePath, path) : '',
      stamp: stampOf(stat),
    };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw fileSystemError(error, `cannot read ${absolutePath}`);
  }
}

function readTarget(absolutePath: string, path: string): string {
  const target = readlinkSync(absolutePath);
  const problem = linkTargetProblem(target);
  if (problem !== undefined) throw unsafe(path, `it links to "${printable(target)}": ${problem}`);
  return target;
}

/** The refusal of a path that cannot be part of a release. */
export function unsafe(path: string, problem: string): SalverError {
  return new SalverError('E_PATH_UNSAFE', `"${printable(path)}" cannot ship: ${problem}`, {
    hint: 'rename it, make the link relative and inside the project, or leave it out with files.exclude or .salverignore',
    facts: { path: printable(path) },
  });
}

function stampOf(stat: Stats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}

/** The file as an entry to be packed. Its `readSync` throws E_BUILD_INPUT_CHANGED when it is no longer the same. */
export function toPackEntry(file: SourceFile): PackEntry {
  const { path, kind, executable, sizeBytes, linkTarget } = file;
  return {
    path,
    kind,
    executable,
    sizeBytes,
    linkTarget,
    readSync: (offset, length) => readPart(file, offset, length),
  };
}

/**
 * Small files are read twice, by the secret guard and when they are packed; the second time they come from here.
 * What was read first is what was checked, and what ships.
 */
const smallContents = new WeakMap<SourceFile, Uint8Array>();
const SMALL_FILE_BYTES_MAX = 64 * 1024;
const SMALL_CONTENTS_BYTES_MAX = 16 * 1024 * 1024;
let smallContentsBytes = 0;

function readPart(file: SourceFile, offset: number, length: number): Uint8Array {
  const known = smallContents.get(file);
  if (known !== undefined) return known.subarray(offset, offset + length);
  const bytes = readFromDisk(file, offset, length);
  const fits = smallContentsBytes + length <= SMALL_CONTENTS_BYTES_MAX;
  if (offset === 0 && length === file.sizeBytes && length <= SMALL_FILE_BYTES_MAX && fits) {
    smallContents.set(file, bytes);
    smallContentsBytes += length;
  }
  return bytes;
}

function readFromDisk(file: SourceFile, offset: number, length: number): Uint8Array {
  try {
    const fd = openSync(file.absolutePath, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const bytes = Buffer.allocUnsafe(length);
      const count = readFully(fd, bytes, offset);
      // Compared after reading: a change before or during the read shows.
      if (count < length || stampOf(fstatSync(fd)) !== file.stamp) throw inputChanged(file.path);
      return bytes;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ELOOP' || errno === 'ENOTDIR') throw inputChanged(file.path);
    throw fileSystemError(error, `cannot read ${file.absolutePath}`);
  }
}

/** Throws E_BUILD_INPUT_CHANGED unless the file is the one that was listed. */
export function checkUnchanged(file: SourceFile): void {
  const stat = lstatSync(file.absolutePath, { throwIfNoEntry: false });
  if (stat === undefined || stampOf(stat) !== file.stamp) throw inputChanged(file.path);
}

function inputChanged(path: string): SalverError {
  return new SalverError('E_BUILD_INPUT_CHANGED', `"${printable(path)}" changed while it was read`, {
    hint: 'make sure nothing writes to the source during the build, then run it again',
    facts: { path: printable(path) },
  });
}
