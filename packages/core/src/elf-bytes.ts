// Bounded reads from an ELF file. Every number in such a file is hostile until compared with the file's size.

/** Random access to one file's bytes; a PackEntry is one. */
export interface ElfInput {
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`; only called within `sizeBytes`. */
  readSync(offset: number, length: number): Uint8Array;
}

/** The file contradicts itself. Never leaves the reader: it answers `undefined` instead. */
export class ElfDamage extends Error {}

/** How an ELF file writes its numbers. */
export interface ElfEncoding {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
}

/** Longest name or path that is read, in bytes. */
export const TEXT_BYTES_MAX = 4096;

/** A piece of the file in memory, read with bounds checks. Offsets are relative to the piece. */
export class ElfTable {
  readonly encoding: ElfEncoding;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array, encoding: ElfEncoding) {
    this.encoding = encoding;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Size of an address in bytes. */
  get wordBytes(): number {
    return this.encoding.bits / 8;
  }

  u8(at: number): number {
    this.#check(at, 1);
    return this.#bytes.readUInt8(at);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.encoding.littleEndian ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.encoding.littleEndian ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  /** An address, offset or size. Above 2^53 it loses precision, and no file is that large: reads refuse it. */
  word(at: number): number {
    if (this.encoding.bits === 32) return this.u32(at);
    this.#check(at, 8);
    const { littleEndian } = this.encoding;
    return Number(littleEndian ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at));
  }

  /** The NUL-terminated text at `at`. */
  text(at: number): string {
    this.#check(at, 1);
    const window = this.#bytes.subarray(at, at + TEXT_BYTES_MAX);
    const end = window.indexOf(0);
    if (end === -1) throw new ElfDamage('text without an end');
    return window.toString('utf8', 0, end);
  }

  /** True when the text at `at` begins with `prefix` (ASCII); cheaper than making a string. */
  startsWith(at: number, prefix: Buffer): boolean {
    return (
      at + prefix.length <= this.#bytes.length &&
      this.#bytes.compare(prefix, 0, prefix.length, at, at + prefix.length) === 0
    );
  }

  #check(at: number, bytes: number): void {
    if (!(at >= 0 && at + bytes <= this.#bytes.length))
      throw new ElfDamage('a number points outside its table');
  }
}

/** Reads `length` bytes at `offset` of the file. Throws {@link ElfDamage} when they are not all inside it. */
export function readTable(
  input: ElfInput,
  at: { offset: number; length: number },
  encoding: ElfEncoding,
): ElfTable {
  const { offset, length } = at;
  if (!(offset >= 0 && length >= 0 && offset + length <= input.sizeBytes)) {
    throw new ElfDamage('a table lies outside the file');
  }
  return new ElfTable(length === 0 ? Buffer.alloc(0) : input.readSync(offset, length), encoding);
}
