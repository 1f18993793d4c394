// Record rows <-> entries <-> raw member bytes. What is on disk can be turned back into exactly the bytes the
// manifest commits to; that is how an installed release is verified and a reused file is re-hashed.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { encodeEntryHeader, limits, paddingBytes, sha256Hex } from '@salver/core';
import type { Entry } from '@salver/core';
import type { RecordRow } from './release-record.js';
import type { SharedPaths } from './shared-paths.js';

/** One installed release as a place to take files from. */
export interface InstalledTree {
  /** Absolute path of the release. */
  readonly tree: string;
  readonly shared: SharedPaths;
}

/** Path on disk of what a row names. */
export function rowPath(installed: InstalledTree, path: string): string {
  return `${installed.tree}/${installed.shared.place(path)}`;
}

/** The tar entry of a row; undefined for pieces, which have none. */
export function rowEntry(row: RecordRow): Entry | undefined {
  const path = row[1];
  // Literals of one shape: this runs once per file of a release, and spreading is several times slower.
  switch (row[0]) {
    case 'd':
      return { path, kind: 'directory', executable: false, sizeBytes: 0, linkTarget: '' };
    case 'l':
      return { path, kind: 'symlink', executable: false, sizeBytes: 0, linkTarget: row[2] };
    case 'f':
      return { path, kind: 'file', executable: false, sizeBytes: row[2], linkTarget: '' };
    case 'x':
      return { path, kind: 'file', executable: true, sizeBytes: row[2], linkTarget: '' };
    case 'p':
      return undefined;
  }
}

/** True for the row of a file whose data lies in members of its own. */
export function isLargeFileRow(row: RecordRow): boolean {
  return (row[0] === 'f' || row[0] === 'x') && row[2] > limits.WHOLE_FILE_BYTES_MAX;
}

/**
 * The raw bytes of a member made again from the files on disk, or undefined when they no longer give `digest`.
 * Links and directories are taken from the rows.
 */
export function rebuildMember(
  installed: InstalledTree,
  rows: readonly RecordRow[],
  member: { readonly rawBytes: number; readonly digest: string },
): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const row of rows) {
    const part = row[0] === 'p' ? pieceBytes(installed, row, member.rawBytes) : entryBytes(installed, row);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const raw = Buffer.concat(parts);
  return raw.length === member.rawBytes && sha256Hex(raw) === member.digest ? raw : undefined;
}

function entryBytes(installed: InstalledTree, row: RecordRow): Buffer | undefined {
  const entry = rowEntry(row);
  if (entry === undefined) return undefined;
  const header = encodeEntryHeader(entry);
  if (entry.sizeBytes === 0 || isLargeFileRow(row)) return header;
  const data = readRange(rowPath(installed, entry.path), 0, entry.sizeBytes);
  return data === undefined
    ? undefined
    : Buffer.concat([header, data, Buffer.alloc(paddingBytes(entry.sizeBytes))]);
}

function pieceBytes(
  installed: InstalledTree,
  row: readonly [kind: 'p', path: string, offset: number, length: number],
  rawBytes: number,
): Buffer | undefined {
  const [, path, offset, length] = row;
  const data = readRange(rowPath(installed, path), offset, length);
  // The last piece of a file carries the padding to whole tar blocks.
  return data === undefined || length > rawBytes
    ? undefined
    : Buffer.concat([data, Buffer.alloc(rawBytes - length)]);
}

/** Exactly these bytes of a regular file, or undefined when it is not there or too short. */
function readRange(path: string, offset: number, length: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const got = readSync(fd, bytes, done, length - done, offset + done);
      if (got === 0) return undefined;
      done += got;
    }
    return bytes;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
