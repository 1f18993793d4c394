// One header block of a package tarball, read as leniently as npm reads it (node-tar's rules). Artifacts
// have rules of their own (core/src/tar-header.ts); this is for what the registry's publishers made.

const BLOCK_BYTES = 512;
const CHECKSUM_OFFSET = 148;
const TYPE_OFFSET = 156;

/** What a header block says. `type` is the type flag as a character; an empty flag is `'0'`. */
export interface TarballHeader {
  readonly path: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly type: string;
  readonly hasLinkPath: boolean;
}

/** Fields of a PAX extended header that matter here. */
export interface PaxFields {
  path?: string;
  mode?: number;
  sizeBytes?: number;
}

/** True when the block is all zero: two of them end an archive. */
export function isNullBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header block, or undefined when its checksum is wrong. */
export function parseTarballHeader(bytes: Uint8Array): TarballHeader | undefined {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (checksumOf(block) !== octalAt(block, CHECKSUM_OFFSET, 8)) return undefined;
  const flag = textAt(block, TYPE_OFFSET, 1);
  const name = textAt(block, 0, 100);
  const type = flag === '' || flag === '0' ? (name.endsWith('/') ? '5' : '0') : flag;
  return {
    path: withPrefix(block, name),
    mode: numberAt(block, 100, 8) ?? 0,
    // Directories sometimes state the size of the directory on disk; no data follows.
    sizeBytes: type === '5' ? 0 : (numberAt(block, 124, 12) ?? 0),
    type,
    hasLinkPath: block[TYPE_OFFSET + 1] !== 0,
  };
}

function checksumOf(block: Buffer): number {
  // The checksum field itself counts as eight spaces.
  let sum = 8 * 0x20;
  for (let index = 0; index < CHECKSUM_OFFSET; index += 1) sum += block[index] as number;
  for (let index = TYPE_OFFSET; index < BLOCK_BYTES; index += 1) sum += block[index] as number;
  return sum;
}

/** POSIX archives may carry the front of a long path in a field of its own; GNU ones never do. */
function withPrefix(block: Buffer, name: string): string {
  if (block.toString('latin1', 257, 265) !== 'ustar\u000000') return name;
  // Where byte 475 is used, the field is as long as POSIX says; else times may follow behind 130 bytes.
  const prefix = textAt(block, 345, block[475] === 0 ? 130 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function textAt(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

function octalAt(block: Buffer, start: number, length: number): number | undefined {
  const value = Number.parseInt(
    block
      .toString('latin1', start, start + length)
      .replace(/\0.*$/s, '')
      .trim(),
    8,
  );
  return Number.isNaN(value) ? undefined : value;
}

/** Octal text, or base-256 where the first byte has its top bit set. Negative numbers count as absent. */
function numberAt(block: Buffer, start: number, length: number): number | undefined {
  const first = block[start] as number;
  if ((first & 0x80) === 0) return octalAt(block, start, length);
  if (first === 0xff) return undefined;
  let value = first & 0x7f;
  for (let index = start + 1; index < start + length; index += 1)
    value = value * 256 + (block[index] as number);
  return value;
}

/** Reads the records of a PAX extended header; those that are malformed are skipped, as npm does. */
export function parsePax(bytes: Uint8Array): PaxFields {
  const fields: PaxFields = {};
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const match = /^(\d+) ([^=]+)=(.*)$/s.exec(line);
    if (match === null || Number(match[1]) !== Buffer.byteLength(line) + 1) continue;
    const value = (match[3] ?? '').replace(/\0.*$/s, '');
    if (match[2] === 'path') fields.path = value;
    if (match[2] === 'size' && Number(value) >= 0) fields.sizeBytes = Number(value);
    if (match[2] === 'mode' && Number(value) >= 0) fields.mode = Number(value);
  }
  return fields;
}
