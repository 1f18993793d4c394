// Reuse of files that lie in installed releases. A file is linked when it is still what was recorded: regular,
// same size, modification time, inode and mode. An app that edits its own files in place changes at least
// the time, so its file is not taken; the member is then read from the artifact again. `rehash` also
// compares every byte with the manifest.
import { lstatSync } from 'node:fs';
import { paddingBytes } from '@salver/core';
import type { Entry, MemberRow } from '@salver/core';
import type { KnownMember, KnownMembers } from './known-members.js';
import { isLargeFileRow, rebuildMember, rowEntry, rowPath } from './recorded-entry.js';
import type { InstalledTree } from './recorded-entry.js';
import type { RecordRow } from './release-record.js';
import type { ReleaseWriter } from './release-writer.js';

const EMPTY = Buffer.alloc(0);
const MODE_BITS = 0o7777;

export interface MemberLinkerOptions {
  readonly known: KnownMembers;
  readonly writer: ReleaseWriter;
  /** Compare every reused byte with the manifest, not only size, time and inode. */
  readonly rehash: boolean;
}

export class MemberLinker {
  readonly #known: KnownMembers;
  readonly #writer: ReleaseWriter;
  readonly #rehash: boolean;

  constructor(options: MemberLinkerOptions) {
    this.#known = options.known;
    this.#writer = options.writer;
    this.#rehash = options.rehash;
  }

  /**
   * Takes the entries of the unit's members from `index` on out of an installed release, when it can. Returns
   * how many members that covers: none, one, or a large file's header with all its pieces.
   */
  take(members: readonly MemberRow[], index: number): number {
    const member = members[index];
    if (member === undefined) return 0;
    for (const found of this.#known.find(member[1])) {
      const first = found.rows[0];
      const taken =
        first !== undefined && isLargeFileRow(first)
          ? this.#takeLargeFile(found, first, members, index)
          : this.#takeMember(found, member);
      if (taken > 0) return taken;
    }
    return 0;
  }

  /** The raw bytes of a member made from installed files and compared with the digest; or undefined. */
  rebuild([rawBytes, digest]: MemberRow): Buffer | undefined {
    for (const found of this.#known.find(digest)) {
      const raw = rebuildMember(found.release, found.rows, { rawBytes, digest });
      if (raw !== undefined) return raw;
    }
    return undefined;
  }

  #takeMember(found: KnownMember, member: MemberRow): number {
    const { release, rows } = found;
    // All files first: what was linked cannot be taken back when the last one turns out to be changed.
    if (!rows.every((row) => isUnchanged(release, row)) || !this.#bytesAgree(found, found.index, member))
      return 0;
    for (const row of rows) this.#takeRow(release, row);
    this.#writer.endReusedMember(member[1], release.record.line(found.index));
    return 1;
  }

  #takeRow(release: InstalledTree, row: RecordRow): void {
    const entry = rowEntry(row);
    if (entry === undefined) throw new Error('a piece has no entry');
    if (entry.kind === 'directory') this.#writer.directory(entry);
    else if (entry.kind === 'symlink') this.#writer.symlink(entry);
    // Links to one empty inode from thousands of places would only use up its link count.
    else if (entry.sizeBytes === 0) this.#writer.file(entry, EMPTY);
    else this.#writer.reuseFile(entry, rowPath(release, entry.path), row);
  }

  #takeLargeFile(
    found: KnownMember,
    header: RecordRow,
    members: readonly MemberRow[],
    index: number,
  ): number {
    const entry = rowEntry(header);
    if (entry === undefined || !isUnchanged(found.release, header)) return 0;
    const count = countSameMembers(found, entry, members, index);
    if (count === 0) return 0;
    const taken = members.slice(index, index + count);
    if (!taken.every((member, offset) => this.#bytesAgree(found, found.index + offset, member))) return 0;
    this.#writer.reuseFile(entry, rowPath(found.release, entry.path), header);
    taken.forEach((member, offset) => {
      this.#writer.endReusedMember(member[1], found.release.record.line(found.index + offset));
    });
    return count;
  }

  #bytesAgree(found: KnownMember, recordIndex: number, [rawBytes, digest]: MemberRow): boolean {
    if (!this.#rehash) return true;
    const rows = found.release.record.rows(recordIndex);
    return rebuildMember(found.release, rows, { rawBytes, digest }) !== undefined;
  }
}

/** How many members make up the large file, header included, if the old release had the same; else 0. */
function countSameMembers(
  found: KnownMember,
  entry: Entry,
  members: readonly MemberRow[],
  index: number,
): number {
  let left = entry.sizeBytes + paddingBytes(entry.sizeBytes);
  let count = 1;
  while (left > 0) {
    const member = members[index + count];
    if (member === undefined || found.release.record.digests[found.index + count] !== member[1]) return 0;
    left -= member[0];
    count += 1;
  }
  return left === 0 ? count : 0;
}

/**
 * True when the file is as recorded, or needs no looking at: directories, links and empty files are made anew.
 * Pieces are never linked on their own.
 */
export function isUnchanged(release: InstalledTree, row: RecordRow): boolean {
  if (row[0] === 'p') return false;
  if (row[0] === 'd' || row[0] === 'l') return true;
  const [kind, path, sizeBytes, mtimeMs, inode] = row;
  if (sizeBytes === 0) return true;
  const stats = lstatSync(rowPath(release, path), { throwIfNoEntry: false });
  return (
    stats !== undefined &&
    stats.isFile() &&
    stats.size === sizeBytes &&
    stats.mtimeMs === mtimeMs &&
    stats.ino === inode &&
    (stats.mode & MODE_BITS) === (kind === 'x' ? 0o755 : 0o644)
  );
}
