// Entries of one unit -> compressed members (docs/format.md sections 3 and 7). The builder's hot path when
// something is new: headers and hashing happen here, compression on libuv's threads, in order and bounded.
import { crc32 } from 'node:zlib';
import { comparePaths, linkTargetProblem, pathProblem } from './archive-path.js';
import { firstChunkBytes } from './content-chunks.js';
import { sha256Hex } from './digest.js';
import type { PackEntry } from './entry.js';
import { SalverError, printable } from './errors.js';
import { encodeMember } from './gzip-member.js';
import { CHUNK_BYTES_MAX, COARSE_CUTS, FILE_BYTES_MAX, WHOLE_FILE_BYTES_MAX } from './limits.js';
import type { CutRule } from './limits.js';
import { cutIntoMembers } from './member-cuts.js';
import { encodeEntryHeader, paddingBytes } from './tar-header.js';

/** One finished member. */
export interface PackedMember {
  readonly rawBytes: number;
  readonly rawDigest: string;
  /** The gzip member as it lies in the file. */
  readonly stored: Buffer;
  /** CRC-32 (unsigned) of `stored`, for the layout. */
  readonly storedCrc32: number;
}

export interface PackOptions {
  /** Default: that of dependencies. */
  readonly cuts?: CutRule | undefined;
  /** Called once per member, in order; the next call waits for the last to end. */
  readonly onMember: (member: PackedMember) => void | Promise<void>;
  /**
   * Finds the compressed form of raw bytes that were packed before, so that they are not compressed again.
   */
  readonly findStored?: (rawDigest: string, rawBytes: number) => Buffer | undefined;
}

/** What was packed: the numbers a manifest's unit row states. */
export interface PackTotals {
  readonly entries: number;
  readonly sizeBytes: number;
}

/** Members being compressed at once: enough for the four threads of libuv's pool. */
const COMPRESSIONS_IN_FLIGHT_MAX = 4;

/**
 * Packs the entries of one unit, in any order given, into members. Throws E_PATH_UNSAFE for a name
 * or a duplicate that the format refuses, and what `readSync` throws.
 */
export async function packEntries(entries: readonly PackEntry[], options: PackOptions): Promise<PackTotals> {
  const sorted = checkAndSort(entries);
  const inFlight: Promise<PackedMember>[] = [];
  const deliverFirst = async (): Promise<void> => {
    const first = inFlight.shift();
    if (first !== undefined) await options.onMember(await first);
  };
  try {
    for (const raw of rawMembers(sorted, options.cuts ?? COARSE_CUTS)) {
      inFlight.push(compress(raw, options));
      if (inFlight.length >= COMPRESSIONS_IN_FLIGHT_MAX) await deliverFirst();
    }
    while (inFlight.length > 0) await deliverFirst();
  } finally {
    // After a failure the rest still runs on the pool: wait, so that no rejection goes unseen.
    await Promise.allSettled(inFlight);
  }
  return { entries: sorted.length, sizeBytes: sorted.reduce((sum, entry) => sum + entry.sizeBytes, 0) };
}

async function compress(raw: Buffer, options: PackOptions): Promise<PackedMember> {
  const rawDigest = sha256Hex(raw);
  const known = options.findStored?.(rawDigest, raw.length);
  const stored = known ?? (await encodeMember(raw));
  return { rawBytes: raw.length, rawDigest, stored, storedCrc32: crc32(stored) };
}

function checkAndSort(entries: readonly PackEntry[]): readonly PackEntry[] {
  const sorted = [...entries].sort((a, b) => comparePaths(a.path, b.path));
  let before: string | undefined;
  for (const entry of sorted) {
    const problem =
      pathProblem(entry.path) ??
      (entry.path === before ? 'it is there twice' : undefined) ??
      (entry.kind === 'symlink' ? linkTargetProblem(entry.linkTarget) : undefined) ??
      (entry.sizeBytes > FILE_BYTES_MAX ? 'the file is too large' : undefined);
    if (problem !== undefined) {
      throw new SalverError('E_PATH_UNSAFE', `cannot pack "${printable(entry.path)}": ${problem}`, {
        hint: 'rename or exclude the file',
        facts: { path: printable(entry.path) },
      });
    }
    before = entry.path;
  }
  return sorted;
}

/** The raw bytes of each member, in order, made when asked for so that few are held at once. */
function* rawMembers(sorted: readonly PackEntry[], cuts: CutRule): Generator<Buffer> {
  let group: SizedPackEntry[] = [];
  for (const entry of sorted) {
    const header = encodeEntryHeader(entry);
    if (entry.sizeBytes <= WHOLE_FILE_BYTES_MAX) {
      const archiveBytes = header.length + entry.sizeBytes + paddingBytes(entry.sizeBytes);
      group.push({ entry, header, path: entry.path, archiveBytes });
      continue;
    }
    yield* rawGroup(group, cuts);
    group = [];
    yield header;
    yield* rawChunks(entry);
  }
  yield* rawGroup(group, cuts);
}

interface SizedPackEntry {
  readonly entry: PackEntry;
  readonly header: Buffer;
  readonly path: string;
  readonly archiveBytes: number;
}

function* rawGroup(group: readonly SizedPackEntry[], cuts: CutRule): Generator<Buffer> {
  for (const member of cutIntoMembers(group, cuts)) {
    const parts: Uint8Array[] = [];
    for (const { entry, header } of member) {
      parts.push(header);
      if (entry.sizeBytes > 0)
        parts.push(readExactly(entry, 0, entry.sizeBytes), Buffer.alloc(paddingBytes(entry.sizeBytes)));
    }
    yield Buffer.concat(parts);
  }
}

function* rawChunks(entry: PackEntry): Generator<Buffer> {
  let position = 0;
  while (position < entry.sizeBytes) {
    const window = readExactly(entry, position, Math.min(CHUNK_BYTES_MAX, entry.sizeBytes - position));
    const chunk = window.subarray(0, firstChunkBytes(window));
    position += chunk.length;
    const isLast = position === entry.sizeBytes;
    // A copy: the source may reuse its buffer while the chunk waits to be compressed.
    yield Buffer.concat(isLast ? [chunk, Buffer.alloc(paddingBytes(entry.sizeBytes))] : [chunk]);
  }
}

function readExactly(entry: PackEntry, offset: number, length: number): Uint8Array {
  const bytes = entry.readSync(offset, length);
  if (bytes.length !== length) {
    throw new SalverError('E_BUILD_INPUT_CHANGED', `"${printable(entry.path)}" changed while it was read`, {
      hint: 'make sure nothing writes to the source during the build, then run it again',
      facts: { path: printable(entry.path) },
    });
  }
  return bytes;
}
