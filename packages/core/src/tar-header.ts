// Tar headers of the strict subset (docs/format.md section 3). Own code, because this is the format itself:
// every field has exactly one allowed value, and a reader proves that by encoding what it parsed again and
// comparing the bytes. A general tar library repairs, skips or guesses; node-tar 7.5 finished without an
// error on 106 of 124 archives that must be refused (shared measurements, 2026).
import { linkTargetProblem, pathProblem } from './archive-path.js';
import type { Entry, EntryKind } from './entry.js';
import { SalverError, printable } from './errors.js';
import { FILE_BYTES_MAX, TAR_BLOCK_BYTES } from './limits.js';

const NAME_BYTES_MAX = 100;
const TYPE_OFFSET = 156;
const LINKNAME_OFFSET = 157;
const LONG_LINK_NAME = '././@LongLink';
const TYPE_BY_KIND: Readonly<Record<EntryKind, number>> = { file: 0x30, symlink: 0x32, directory: 0x35 };
const TYPE_LONG_NAME = 0x4c;
const TYPE_LONG_LINK = 0x4b;
/** 1985-10-26T08:15:00Z, the time npm gives packed files. */
const MTIME_OCTAL = '03560116604';

/** A header block with every constant field set; mode, size, type and names are filled in per entry. */
const TEMPLATE = makeTemplate();
const TEMPLATE_SUM = sumOf(TEMPLATE, 0, TAR_BLOCK_BYTES);

function makeTemplate(): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  block.write('0000000', 108, 'latin1');
  block.write('0000000', 116, 'latin1');
  block.write(MTIME_OCTAL, 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write('ustar  ', 257, 'latin1');
  return block;
}

/** Bytes that pad a file of `sizeBytes` to whole blocks. */
export function paddingBytes(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}

/** Header blocks of an entry, long-name records included. The entry must keep the rules of section 3. */
export function encodeEntryHeader(entry: Entry): Buffer {
  const header = Buffer.from(TEMPLATE);
  const { name, linkTarget } = namesOf(entry);
  if (isShort(name) && isShort(linkTarget)) {
    fillBlock(header, entryFields(entry, name, linkTarget));
    return header;
  }
  const nameBytes = Buffer.from(name, 'utf8');
  const linkBytes = Buffer.from(linkTarget, 'utf8');
  fillBlock(header, entryFields(entry, nameBytes, linkBytes));
  const records: Buffer[] = [];
  if (nameBytes.length > NAME_BYTES_MAX) records.push(encodeLongRecord(nameBytes, TYPE_LONG_NAME));
  if (linkBytes.length > NAME_BYTES_MAX) records.push(encodeLongRecord(linkBytes, TYPE_LONG_LINK));
  return Buffer.concat([...records, header]);
}

/** The names as they stand in a header. */
function namesOf({ kind, path, linkTarget }: Entry): { readonly name: string; readonly linkTarget: string } {
  return { name: kind === 'directory' ? `${path}/` : path, linkTarget };
}

function isShort(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && Buffer.byteLength(name, 'utf8') <= NAME_BYTES_MAX;
}

function modeOf(entry: Entry): string {
  if (entry.kind === 'symlink') return '0000777';
  return entry.kind === 'directory' || entry.executable ? '0000755' : '0000644';
}

interface BlockFields {
  /** A string that fits, or bytes of which the first ones stand in the block. */
  readonly name: string | Buffer;
  readonly linkTarget: string | Buffer;
  readonly mode: string;
  readonly size: number;
  readonly type: number;
}

function entryFields(entry: Entry, name: string | Buffer, linkTarget: string | Buffer): BlockFields {
  return { name, linkTarget, mode: modeOf(entry), size: entry.sizeBytes, type: TYPE_BY_KIND[entry.kind] };
}

/** Fills in a block that equals the template. */
function fillBlock(block: Buffer, fields: BlockFields): void {
  const size = fields.size.toString(8).padStart(11, '0');
  putName(block, fields.name, 0);
  block.write(fields.mode, 100, 'latin1');
  block.write(size, 124, 'latin1');
  block[TYPE_OFFSET] = fields.type;
  const linkBytes = putName(block, fields.linkTarget, LINKNAME_OFFSET);
  // Summing only the bytes that vary makes reading a header, which encodes it again, twice as fast.
  const sum =
    TEMPLATE_SUM +
    sumOf(block, 0, NAME_BYTES_MAX) +
    sumOf(block, 100, 107) +
    sumOf(block, 124, 135) +
    sumOf(block, TYPE_OFFSET, LINKNAME_OFFSET + linkBytes);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Returns how many bytes the name takes in the block. */
function putName(block: Buffer, name: string | Buffer, offset: number): number {
  if (typeof name === 'string') return block.write(name, offset, 'utf8');
  block.set(name.subarray(0, NAME_BYTES_MAX), offset);
  return Math.min(name.length, NAME_BYTES_MAX);
}

/** Sum of the bytes from `start` to `end`. */
function sumOf(block: Buffer, start: number, end: number): number {
  let sum = 0;
  for (let index = start; index < end; index += 1) sum += block[index] as number;
  return sum;
}

function encodeLongRecord(value: Buffer, type: number): Buffer {
  const size = value.length + 1;
  const header = Buffer.from(TEMPLATE);
  fillBlock(header, { name: LONG_LINK_NAME, linkTarget: '', mode: '0000644', size, type });
  return Buffer.concat([header, value, Buffer.alloc(1 + paddingBytes(size))]);
}

/** An entry read from raw bytes, and how many bytes its header blocks took. */
export interface ParsedHeader {
  readonly entry: Entry;
  readonly headerBytes: number;
}

/**
 * Reads the entry whose header blocks begin at `offset`. Throws E_ARTIFACT_HOSTILE unless every byte is
 * exactly what {@link encodeEntryHeader} would have written for an entry that keeps all rules.
 */
export function parseEntryHeader(raw: Buffer, offset: number): ParsedHeader {
  let position = offset;
  let longName: string | undefined;
  let longLink: string | undefined;
  if (raw[position + TYPE_OFFSET] === TYPE_LONG_NAME) {
    longName = readLongValue(raw, position);
    position += longRecordBytes(raw, position);
  }
  if (raw[position + TYPE_OFFSET] === TYPE_LONG_LINK) {
    longLink = readLongValue(raw, position);
    position += longRecordBytes(raw, position);
  }
  const entry = readBlock(raw, position, longName, longLink);
  const end = position + TAR_BLOCK_BYTES;
  // The proof that nothing else hides in the header: one entry has one encoding.
  if (end > raw.length || !isEncodedAs(entry, raw.subarray(offset, end))) {
    throw hostile(`the tar header of ${quoted(entry.path)} is not in the exact form the format asks for`);
  }
  return { entry, headerBytes: end - offset };
}

/** The block in which short headers are encoded again: making a new one for each costs a third of reading it. */
const SCRATCH = Buffer.alloc(TAR_BLOCK_BYTES);

function isEncodedAs(entry: Entry, header: Buffer): boolean {
  const { name, linkTarget } = namesOf(entry);
  if (!isShort(name) || !isShort(linkTarget)) return encodeEntryHeader(entry).equals(header);
  TEMPLATE.copy(SCRATCH);
  fillBlock(SCRATCH, entryFields(entry, name, linkTarget));
  return SCRATCH.equals(header);
}

function readBlock(
  raw: Buffer,
  at: number,
  longName: string | undefined,
  longLink: string | undefined,
): Entry {
  if (at + TAR_BLOCK_BYTES > raw.length) throw hostile('a tar header is cut off');
  const kind = kindOf(raw[at + TYPE_OFFSET] ?? 0);
  const name = longName ?? fieldText(raw, at, NAME_BYTES_MAX);
  const path = kind === 'directory' && name.endsWith('/') ? name.slice(0, -1) : name;
  const problem = pathProblem(path);
  if (problem !== undefined) throw hostile(`the path ${quoted(path)} is refused: ${problem}`);
  const linkTarget =
    kind === 'symlink' ? (longLink ?? fieldText(raw, at + LINKNAME_OFFSET, NAME_BYTES_MAX)) : '';
  if (kind === 'symlink') {
    const targetProblem = linkTargetProblem(linkTarget);
    if (targetProblem !== undefined) {
      throw hostile(
        `the link ${quoted(path)} is refused: its target ${quoted(linkTarget)}: ${targetProblem}`,
      );
    }
  }
  return {
    path,
    kind,
    executable: kind === 'file' && isExecutable(raw, at),
    sizeBytes: sizeOf(raw, at, kind),
    linkTarget,
  };
}

function kindOf(type: number): EntryKind {
  if (type === TYPE_BY_KIND.file) return 'file';
  if (type === TYPE_BY_KIND.directory) return 'directory';
  if (type === TYPE_BY_KIND.symlink) return 'symlink';
  throw hostile(`a tar entry has type ${quoted(String.fromCharCode(type))}, which artifacts never hold`);
}

function isExecutable(raw: Buffer, at: number): boolean {
  return raw.toString('latin1', at + 100, at + 107) === '0000755';
}

function sizeOf(raw: Buffer, at: number, kind: EntryKind): number {
  const text = raw.toString('latin1', at + 124, at + 135);
  const size = /^[0-7]{11}$/.test(text) ? Number.parseInt(text, 8) : -1;
  if (size < 0 || size > FILE_BYTES_MAX || (kind !== 'file' && size !== 0)) {
    throw hostile(`a tar header states the size ${quoted(text)}`);
  }
  return size;
}

/** Longest value of a long-name record: a directory path with its slash and the final NUL. */
const LONG_VALUE_BYTES_MAX = 1026;

function longRecordSize(raw: Buffer, at: number): number {
  const size = at + TAR_BLOCK_BYTES > raw.length ? -1 : sizeOf(raw, at, 'file');
  if (size < 2 || size > LONG_VALUE_BYTES_MAX) throw hostile('a long-name record states a wrong size');
  return size;
}

function longRecordBytes(raw: Buffer, at: number): number {
  const size = longRecordSize(raw, at);
  return TAR_BLOCK_BYTES + size + paddingBytes(size);
}

function readLongValue(raw: Buffer, at: number): string {
  const size = longRecordSize(raw, at);
  const start = at + TAR_BLOCK_BYTES;
  if (start + size > raw.length) throw hostile('a long-name record is cut off');
  return raw.toString('utf8', start, start + size - 1);
}

function fieldText(raw: Buffer, start: number, length: number): string {
  const end = raw.indexOf(0, start);
  const limit = start + length;
  return raw.toString('utf8', start, end === -1 || end > limit ? limit : end);
}

function quoted(text: string): string {
  return `"${printable(text)}"`;
}

function hostile(message: string): SalverError {
  return new SalverError('E_ARTIFACT_HOSTILE', message, {
    hint: 'do not use this file: build the release again and compare who wrote it',
  });
}
