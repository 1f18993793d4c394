// Wheels are zip files. Own reader, strict: every byte that reaches a release comes through here, so names, sizes and
// checksums must agree between the central directory and what lies in the file, and nothing may overlap or be hidden.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32, inflateRawSync } from 'node:zlib';

/** The archive cannot be read, and why. */
export class ZipDamage extends Error {}

export interface ZipEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  /** Unix mode, or 0 where the archive has none. */
  readonly mode: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly crc32: number;
  readonly method: number;
  readonly headerOffset: number;
}

const END_BYTES = 22;
const COMMENT_BYTES_MAX = 65_535;
const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const ZIP64_EXTRA = 1;
const U32_MAX = 0xffffffff;
const ENTRIES_MAX = 200_000;
const DIRECTORY_BYTES_MAX = 128 * 1024 * 1024;
/** Largest file in a wheel: it is held in memory while it is checked. */
const FILE_BYTES_MAX = 1024 * 1024 * 1024;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;
const FLAG_ENCRYPTED = 0x1;
const FLAG_UTF8 = 0x800;

/** An open archive. All methods throw {@link ZipDamage}, and the system's errors. */
export class ZipReader {
  readonly entries: readonly ZipEntry[];
  readonly #fd: number;
  readonly #sizeBytes: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    try {
      this.#sizeBytes = fstatSync(this.#fd).size;
      this.entries = this.#readDirectory();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** The bytes of a file, checked against size and checksum. */
  read(entry: ZipEntry): Buffer {
    const local = this.#bytes(entry.headerOffset, LOCAL_BYTES);
    if (local.readUInt32LE(0) !== LOCAL_SIGNATURE)
      throw new ZipDamage('a file does not begin where it should');
    const nameBytes = local.readUInt16LE(26);
    const name = this.#bytes(entry.headerOffset + LOCAL_BYTES, nameBytes).toString('utf8');
    if (name !== entry.name || local.readUInt16LE(8) !== entry.method)
      throw new ZipDamage('a file has two names or two forms');
    const start = entry.headerOffset + LOCAL_BYTES + nameBytes + local.readUInt16LE(28);
    const bytes = unpack(this.#bytes(start, entry.storedBytes), entry);
    if (bytes.length !== entry.sizeBytes || crc32(bytes) !== entry.crc32)
      throw new ZipDamage('a checksum differs');
    return bytes;
  }

  #bytes(offset: number, length: number): Buffer {
    if (offset < 0 || offset + length > this.#sizeBytes) throw new ZipDamage('it is cut off');
    const bytes = Buffer.allocUnsafe(length);
    for (let read = 0; read < length;) {
      const count = readSync(this.#fd, bytes, read, length - read, offset + read);
      if (count === 0) throw new ZipDamage('it is cut off');
      read += count;
    }
    return bytes;
  }

  #readDirectory(): readonly ZipEntry[] {
    const { offset, sizeBytes, entries } = this.#findDirectory();
    if (entries > ENTRIES_MAX || sizeBytes > DIRECTORY_BYTES_MAX)
      throw new ZipDamage('it has too many files');
    const table = this.#bytes(offset, sizeBytes);
    const found: ZipEntry[] = [];
    let at = 0;
    while (found.length < entries) {
      if (at + CENTRAL_BYTES > table.length || table.readUInt32LE(at) !== CENTRAL_SIGNATURE)
        throw new ZipDamage('its list of files is damaged');
      const { entry, bytes } = readCentral(table, at);
      found.push(entry);
      at += bytes;
    }
    if (at !== table.length) throw new ZipDamage('its list of files is longer than it says');
    refuseOverlaps(found);
    return found;
  }

  #findDirectory(): { readonly offset: number; readonly sizeBytes: number; readonly entries: number } {
    const tailBytes = Math.min(this.#sizeBytes, END_BYTES + COMMENT_BYTES_MAX);
    const tailOffset = this.#sizeBytes - tailBytes;
    const tail = this.#bytes(tailOffset, tailBytes);
    for (let at = tailBytes - END_BYTES; at >= 0; at -= 1) {
      if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
      if (at + END_BYTES + tail.readUInt16LE(at + 20) !== tailBytes) continue;
      const entries = tail.readUInt16LE(at + 10);
      const sizeBytes = tail.readUInt32LE(at + 12);
      const offset = tail.readUInt32LE(at + 16);
      if (entries !== 0xffff && sizeBytes !== U32_MAX && offset !== U32_MAX)
        return { entries, sizeBytes, offset };
      return this.#findDirectory64(tailOffset + at);
    }
    throw new ZipDamage('it is no zip file, or cut off');
  }

  #findDirectory64(endOffset: number): {
    readonly offset: number;
    readonly sizeBytes: number;
    readonly entries: number;
  } {
    const locator = this.#bytes(endOffset - 20, 20);
    if (locator.readUInt32LE(0) !== END64_LOCATOR_SIGNATURE) throw new ZipDamage('its end is damaged');
    const end = this.#bytes(Number(locator.readBigUInt64LE(8)), 56);
    if (end.readUInt32LE(0) !== END64_SIGNATURE) throw new ZipDamage('its end is damaged');
    const [entries, sizeBytes, offset] = [32, 40, 48].map((at) => Number(end.readBigUInt64LE(at)));
    return { entries: entries ?? 0, sizeBytes: sizeBytes ?? 0, offset: offset ?? 0 };
  }
}

/** Files that share bytes are how small archives become huge. */
function refuseOverlaps(entries: readonly ZipEntry[]): void {
  let end = 0;
  for (const entry of [...entries].sort((a, b) => a.headerOffset - b.headerOffset)) {
    if (entry.headerOffset < end) throw new ZipDamage('its files overlap');
    end = entry.headerOffset + LOCAL_BYTES + entry.storedBytes;
  }
}

function readCentral(table: Buffer, at: number): { readonly entry: ZipEntry; readonly bytes: number } {
  const flags = table.readUInt16LE(at + 8);
  const method = table.readUInt16LE(at + 10);
  if ((flags & FLAG_ENCRYPTED) !== 0) throw new ZipDamage('it is encrypted');
  if (method !== METHOD_STORED && method !== METHOD_DEFLATED)
    throw new ZipDamage('it uses an unknown compression');
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) =>
    table.readUInt16LE(at + offset),
  ) as [number, number, number];
  const bytes = CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
  if (at + bytes > table.length) throw new ZipDamage('its list of files is damaged');
  const nameStart = at + CENTRAL_BYTES;
  const name = decodeName(table.subarray(nameStart, nameStart + nameBytes), (flags & FLAG_UTF8) !== 0);
  const wide = new Zip64Numbers(table.subarray(nameStart + nameBytes, nameStart + nameBytes + extraBytes));
  const sizeBytes = wide.take(table.readUInt32LE(at + 24));
  const storedBytes = wide.take(table.readUInt32LE(at + 20));
  const headerOffset = wide.take(table.readUInt32LE(at + 42));
  if (sizeBytes > FILE_BYTES_MAX) throw new ZipDamage('a file in it is too large');
  return {
    entry: {
      name,
      isDirectory: name.endsWith('/'),
      mode: table.readUInt16LE(at + 40),
      sizeBytes,
      storedBytes,
      crc32: table.readUInt32LE(at + 16),
      method,
      headerOffset,
    },
    bytes,
  };
}

/** Names without the flag for UTF-8 must be ASCII: tools read other bytes in different ways. */
function decodeName(bytes: Buffer, isUtf8: boolean): string {
  const name = bytes.toString('utf8');
  const isExact = isUtf8 ? Buffer.from(name, 'utf8').equals(bytes) : bytes.every((byte) => byte < 0x80);
  if (!isExact || name.includes('\0')) throw new ZipDamage('a name in it cannot be read');
  return name;
}

/** Numbers that need more than 32 bits stand in an extra field, in the order in which they are asked for. */
class Zip64Numbers {
  readonly #values: number[] = [];

  constructor(extra: Buffer) {
    for (let at = 0; at + 4 <= extra.length;) {
      const length = extra.readUInt16LE(at + 2);
      if (extra.readUInt16LE(at) === ZIP64_EXTRA) {
        for (let value = at + 4; value + 8 <= Math.min(at + 4 + length, extra.length); value += 8)
          this.#values.push(Number(extra.readBigUInt64LE(value)));
      }
      at += 4 + length;
    }
  }

  take(short: number): number {
    if (short !== U32_MAX) return short;
    const value = this.#values.shift();
    if (value === undefined || !Number.isSafeInteger(value)) throw new ZipDamage('a size in it is missing');
    return value;
  }
}

function unpack(stored: Buffer, { method, sizeBytes }: ZipEntry): Buffer {
  if (method === METHOD_STORED) return stored;
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (error) {
    throw new ZipDamage(`a file in it cannot be decompressed: ${(error as Error).message}`);
  }
}
