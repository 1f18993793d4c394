// One gzip member of an artifact (docs/format.md section 2): fixed header, raw deflate level 6, CRC and
// length. The header is written and checked by hand so that no time, name or system byte ever varies and a
// flipped bit anywhere is seen.
import { crc32, deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib';
import { sha256Hex } from './digest.js';
import { SalverError } from './errors.js';
import { HEAD_STORED_BYTES_MAX, MEMBER_RAW_BYTES_MAX } from './limits.js';
import { FORMAT_NUMBER } from './manifest.js';
import type { LayoutRow, MemberRow } from './manifest.js';

const PLAIN_HEADER = Buffer.from('1f8b08000000000000ff', 'hex');
const HEAD_PREFIX = Buffer.from('1f8b08040000000000ff0e0053560a00', 'hex');
/** Bytes of the head member's gzip header, extra field included. */
export const HEAD_GZIP_HEADER_BYTES = 26;
const TRAILER_BYTES = 8;
const DEFLATE_LEVEL = 6;
/** The end of every artifact: 1,024 zero bytes, compressed. */
export const TAIL_MEMBER = Buffer.from('1f8b08000000000000ff63601805a360148c5400002eafb5ef00040000', 'hex');
/** A stored member may exceed its raw size by gzip and deflate framing only. */
export const MEMBER_STORED_BYTES_MAX = Math.ceil(MEMBER_RAW_BYTES_MAX * 1.2);

/** Compresses the raw bytes of one content member on libuv's thread pool. */
export function encodeMember(raw: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { level: DEFLATE_LEVEL, chunkSize: deflateChunkSize(raw.length) };
    deflateRaw(raw, options, (error, deflated) => {
      if (error === null) resolve(Buffer.concat([PLAIN_HEADER, deflated, trailer(raw)]));
      else reject(error);
    });
  });
}

/** Compresses the head; its header carries format number and length. */
export function encodeHeadMember(raw: Uint8Array): Buffer {
  const deflated = deflateRawSync(raw, { level: DEFLATE_LEVEL, chunkSize: deflateChunkSize(raw.length) });
  const header = Buffer.alloc(HEAD_GZIP_HEADER_BYTES);
  HEAD_PREFIX.copy(header);
  header.writeUInt16LE(FORMAT_NUMBER, 16);
  header.writeUInt32LE(HEAD_GZIP_HEADER_BYTES + deflated.length + TRAILER_BYTES, 18);
  header.writeUInt32LE(crc32(deflated), 22);
  return Buffer.concat([header, deflated, trailer(raw)]);
}

function deflateChunkSize(rawBytes: number): number {
  return Math.max(1024, Math.min(rawBytes + 64, 512 * 1024));
}

function trailer(raw: Uint8Array): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  bytes.writeUInt32LE(crc32(raw), 0);
  bytes.writeUInt32LE(raw.length % 2 ** 32, 4);
  return bytes;
}

/**
 * Length of the head member in bytes, from the first {@link HEAD_GZIP_HEADER_BYTES} bytes of a file.
 * Throws E_ARTIFACT_DAMAGED when this is no artifact, E_FORMAT_UNKNOWN for another format number.
 */
export function headMemberBytes(start: Buffer): number {
  if (
    start.length < HEAD_GZIP_HEADER_BYTES ||
    start.compare(HEAD_PREFIX, 0, HEAD_PREFIX.length, 0, HEAD_PREFIX.length) !== 0
  ) {
    throw new SalverError('E_ARTIFACT_DAMAGED', 'the file does not begin like a Salver artifact', {
      hint: 'pass the .tar.gz file that `salver build` wrote',
    });
  }
  const format = start.readUInt16LE(16);
  if (format !== FORMAT_NUMBER) throw unknownFormat(format);
  const length = start.readUInt32LE(18);
  if (length > HEAD_STORED_BYTES_MAX || length <= HEAD_GZIP_HEADER_BYTES + TRAILER_BYTES) {
    throw new SalverError('E_ARTIFACT_DAMAGED', `the artifact's head states a length of ${length} bytes`);
  }
  return length;
}

/** The error for a format number this version cannot read. */
export function unknownFormat(format: number): SalverError {
  return new SalverError(
    'E_FORMAT_UNKNOWN',
    `the artifact has format ${format}; this version reads format ${FORMAT_NUMBER}`,
    {
      hint: 'install a newer salver-host, or build with the version this host has',
      facts: { format },
    },
  );
}

/** True when the checksum that the head member carries fits its bytes. */
export function isHeadIntact(stored: Buffer): boolean {
  if (stored.length <= HEAD_GZIP_HEADER_BYTES + TRAILER_BYTES) return false;
  return stored.readUInt32LE(22) === crc32(stored.subarray(HEAD_GZIP_HEADER_BYTES, -TRAILER_BYTES));
}

/** Raw bytes of the head member, at most `rawBytesMax`. Throws E_ARTIFACT_DAMAGED. */
export function decodeHeadMember(stored: Buffer, rawBytesMax: number): Buffer {
  if (!isHeadIntact(stored)) {
    throw new SalverError('E_ARTIFACT_DAMAGED', 'the head is damaged', { hint: DAMAGE_HINT });
  }
  return inflateChecked(stored, HEAD_GZIP_HEADER_BYTES, rawBytesMax, 'the head');
}

/** What manifest and layout say of one content member. */
export interface MemberFacts {
  readonly row: MemberRow;
  readonly layout: LayoutRow;
}

/**
 * Raw bytes of a content member. Throws E_ARTIFACT_DAMAGED when the stored bytes are not the ones the
 * layout describes or no gzip member of the format, and E_DIGEST_MISMATCH when the raw bytes are not the ones
 * the manifest commits to.
 */
export function decodeMember(stored: Buffer, facts: MemberFacts): Buffer {
  const [rawBytes, digest] = facts.row;
  // The CRC sees the bits that deflate ignores (padding), so that a flip anywhere in a file is noticed.
  if (stored.length !== facts.layout[0] || crc32(stored) !== facts.layout[1] || !hasPlainHeader(stored)) {
    throw new SalverError('E_ARTIFACT_DAMAGED', 'a member is damaged', { hint: DAMAGE_HINT });
  }
  const raw = inflateChecked(stored, PLAIN_HEADER.length, rawBytes, 'a member');
  if (raw.length !== rawBytes || sha256Hex(raw) !== digest) {
    throw new SalverError('E_DIGEST_MISMATCH', 'a member does not hold the bytes its manifest commits to', {
      hint: DAMAGE_HINT,
      facts: { expected: digest },
    });
  }
  return raw;
}

function hasPlainHeader(stored: Buffer): boolean {
  return (
    stored.length >= PLAIN_HEADER.length &&
    stored.compare(PLAIN_HEADER, 0, PLAIN_HEADER.length, 0, PLAIN_HEADER.length) === 0
  );
}

const DAMAGE_HINT = 'copy or download the artifact again; if it stays damaged, build it again';

interface InflateResult {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function inflateChecked(stored: Buffer, headerBytes: number, rawBytesMax: number, what: string): Buffer {
  const end = stored.length - TRAILER_BYTES;
  const deflated = stored.subarray(headerBytes, Math.max(headerBytes, end));
  let result: InflateResult;
  try {
    // With `info` the engine tells how much it consumed: bytes between stream end and trailer are refused.
    result = inflateRawSync(deflated, {
      info: true,
      maxOutputLength: Math.max(rawBytesMax, 1),
      chunkSize: Math.max(64, Math.min(rawBytesMax + 64, MEMBER_RAW_BYTES_MAX + 64)),
    }) as unknown as InflateResult;
  } catch (error) {
    throw new SalverError('E_ARTIFACT_DAMAGED', `${what} cannot be decompressed`, {
      cause: error,
      hint: DAMAGE_HINT,
    });
  }
  const raw = result.buffer;
  if (result.engine.bytesWritten !== deflated.length || !trailer(raw).equals(stored.subarray(end))) {
    throw new SalverError('E_ARTIFACT_DAMAGED', `${what} has a wrong gzip trailer`, { hint: DAMAGE_HINT });
  }
  return raw;
}
