// A unit -> its entries, readable: for laying packages out on disk, and for publishing files of an artifact. Memory
// stays bounded: raw members are decoded when asked for, and only some are kept.
import type { FinishedMember, FinishedUnit } from './build-cache.js';
import type { Entry, PackEntry } from './entry.js';
import { decodeMember } from './gzip-member.js';
import { MemberParser } from './member-parser.js';
import type { EntrySink } from './member-parser.js';

/** Members that can be read one by one. */
export interface MemberSource {
  /** For messages. */
  readonly key: string;
  readonly members: readonly FinishedMember[];
  /** Stored bytes of the member with this number. Throws E_CACHE_DAMAGED where they lie in a cache. */
  readMemberSync(index: number): Buffer;
}

/** A finished unit whose members can be read one by one. */
export type ReadableUnit = FinishedUnit & MemberSource;

/** A stretch of one file's data inside a raw member. */
interface Extent {
  readonly member: number;
  readonly offset: number;
  readonly length: number;
}

/** Raw bytes kept while the entries of one unit are read. */
const RAW_BYTES_KEPT_MAX = 8 * 1024 * 1024;

/**
 * The entries of a unit. Everything is decoded once and checked against the raw digests.
 * Throws E_CACHE_DAMAGED, E_ARTIFACT_DAMAGED, E_DIGEST_MISMATCH.
 */
export function readUnitEntries(unit: MemberSource): readonly PackEntry[] {
  const raws = new RawMembers(unit);
  const collector = new ExtentCollector();
  const parser = new MemberParser(collector);
  for (const member of unit.members.keys()) {
    const raw = raws.get(member);
    collector.beginMember(raw, member);
    parser.parse(raw);
  }
  parser.finish();
  return collector.files.map(({ entry, extents }) => ({
    ...entry,
    readSync: (offset, length) => readExtents(raws, extents, offset, length),
  }));
}

class ExtentCollector implements EntrySink {
  readonly files: { readonly entry: Entry; readonly extents: Extent[] }[] = [];
  #raw: Buffer = Buffer.alloc(0);
  #member = 0;

  beginMember(raw: Buffer, member: number): void {
    this.#raw = raw;
    this.#member = member;
  }

  directory(entry: Entry): void {
    this.files.push({ entry, extents: [] });
  }

  symlink(entry: Entry): void {
    this.files.push({ entry, extents: [] });
  }

  file(entry: Entry, data: Buffer): void {
    this.files.push({ entry, extents: [this.#extentOf(data)] });
  }

  beginLargeFile(entry: Entry): void {
    this.files.push({ entry, extents: [] });
  }

  piece(data: Buffer): void {
    this.files.at(-1)?.extents.push(this.#extentOf(data));
  }

  endLargeFile(): void {
    // Nothing to do: the pieces were noted one by one.
  }

  /** The parser hands out views of the raw member. */
  #extentOf(data: Buffer): Extent {
    return { member: this.#member, offset: data.byteOffset - this.#raw.byteOffset, length: data.length };
  }
}

function readExtents(
  raws: RawMembers,
  extents: readonly Extent[],
  offset: number,
  length: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const extent of extents) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + length, start + extent.length);
    if (from < to) {
      const at = extent.offset - start;
      parts.push(raws.get(extent.member).subarray(at + from, at + to));
    }
    start += extent.length;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** Raw members of a unit by number, decoded when asked for. Those decoded last are kept. */
class RawMembers {
  readonly #unit: MemberSource;
  readonly #kept = new Map<number, Buffer>();
  #keptBytes = 0;

  constructor(unit: MemberSource) {
    this.#unit = unit;
  }

  get(member: number): Buffer {
    const kept = this.#kept.get(member);
    if (kept !== undefined) return kept;
    const row = this.#unit.members[member];
    if (row === undefined) throw new RangeError(`unit ${this.#unit.key} has no member ${member}`);
    const raw = decodeMember(this.#unit.readMemberSync(member), {
      row: [row.rawBytes, row.rawDigest],
      layout: [row.storedBytes, row.storedCrc32],
    });
    this.#keep(member, raw);
    return raw;
  }

  #keep(member: number, raw: Buffer): void {
    this.#kept.set(member, raw);
    this.#keptBytes += raw.length;
    for (const [oldest, bytes] of this.#kept) {
      if (this.#keptBytes <= RAW_BYTES_KEPT_MAX) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes.length;
    }
  }
}
