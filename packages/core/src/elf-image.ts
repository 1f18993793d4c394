// The parts of an ELF file that the dynamic linker uses: header, program headers, dynamic section. Section
// headers are not read: they may be stripped, and the linker does not look at them either.
import { ElfDamage, ElfTable, TEXT_BYTES_MAX, readTable } from './elf-bytes.js';
import type { ElfEncoding, ElfInput } from './elf-bytes.js';

const HEADER_BYTES_MIN = 52;
const HEADER_BYTES_MAX = 64;
const PROGRAM_HEADERS_MAX = 1_000;
const DYNAMIC_ENTRIES_MAX = 10_000;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

/** One program header: where a part of the file lies, and at which address it is loaded. */
interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
}

/** True when the bytes begin like an ELF file's. */
export function hasElfMagic(start: Uint8Array): boolean {
  return start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46;
}

/** Reads what the loader would. All methods throw {@link ElfDamage} where the file contradicts itself. */
export class ElfImage {
  readonly encoding: ElfEncoding;
  readonly osAbi: number;
  readonly machine: number;
  readonly #input: ElfInput;
  readonly #segments: readonly Segment[];
  /** Dynamic entries by tag, in file order. */
  readonly #dynamic: ReadonlyMap<number, readonly number[]>;

  constructor(input: ElfInput) {
    this.#input = input;
    if (input.sizeBytes < HEADER_BYTES_MIN) throw new ElfDamage('too short');
    const start = input.readSync(0, Math.min(HEADER_BYTES_MAX, input.sizeBytes));
    if (!hasElfMagic(start)) throw new ElfDamage('no ELF file');
    this.encoding = encodingOf(start[4], start[5]);
    const header = new ElfTable(start, this.encoding);
    this.osAbi = header.u8(7);
    this.machine = header.u16(18);
    this.#segments = this.#readSegments(header);
    this.#dynamic = this.#readDynamic();
  }

  #readSegments(header: ElfTable): readonly Segment[] {
    const wide = this.encoding.bits === 64;
    const offset = header.word(wide ? 32 : 28);
    const size = header.u16(wide ? 54 : 42);
    const count = header.u16(wide ? 56 : 44);
    if (count === 0) return [];
    if (count > PROGRAM_HEADERS_MAX || size !== (wide ? 56 : 32)) throw new ElfDamage('odd program headers');
    const table = readTable(this.#input, { offset, length: count * size }, this.encoding);
    return Array.from({ length: count }, (_, index) => {
      const at = index * size;
      return {
        type: table.u32(at),
        offset: table.word(at + (wide ? 8 : 4)),
        address: table.word(at + (wide ? 16 : 8)),
        fileBytes: table.word(at + (wide ? 32 : 16)),
      };
    });
  }

  #readDynamic(): ReadonlyMap<number, readonly number[]> {
    const entries = new Map<number, number[]>();
    const segment = this.#segments.find((one) => one.type === PT_DYNAMIC);
    if (segment === undefined) return entries;
    const entryBytes = this.encoding.bits / 4;
    if (segment.fileBytes > DYNAMIC_ENTRIES_MAX * entryBytes) throw new ElfDamage('odd dynamic section');
    const table = readTable(
      this.#input,
      { offset: segment.offset, length: segment.fileBytes },
      this.encoding,
    );
    for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
      const tag = table.word(at);
      if (tag === 0) break;
      const values = entries.get(tag) ?? [];
      values.push(table.word(at + table.wordBytes));
      entries.set(tag, values);
    }
    return entries;
  }

  /** Program that loads this one, e.g. `/lib64/ld-linux-x86-64.so.2`; undefined for libraries and static programs. */
  get interpreter(): string | undefined {
    const segment = this.#segments.find((one) => one.type === PT_INTERP);
    if (segment === undefined) return undefined;
    return readTable(this.#input, { offset: segment.offset, length: segment.fileBytes }, this.encoding).text(
      0,
    );
  }

  /** All values of a dynamic tag. */
  dynamic(tag: number): readonly number[] {
    return this.#dynamic.get(tag) ?? [];
  }

  /** The value of a dynamic tag that occurs at most once. */
  dynamicOnce(tag: number): number | undefined {
    return this.#dynamic.get(tag)?.[0];
  }

  /** True when the file has a byte for this load address. */
  hasAddress(address: number): boolean {
    return this.#segmentAt(address) !== undefined;
  }

  /** The NUL-terminated text at a load address. */
  textAt(address: number): string {
    return this.atAddress(address, { max: TEXT_BYTES_MAX }).text(0);
  }

  #segmentAt(address: number): Segment | undefined {
    return this.#segments.find(
      (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.fileBytes,
    );
  }

  /** `length` bytes at a load address; without a length, all to the end of its segment, at most `max` bytes. */
  atAddress(address: number, size: { readonly length: number } | { readonly max: number }): ElfTable {
    const segment = this.#segmentAt(address);
    if (segment === undefined) throw new ElfDamage('an address outside all segments');
    const inside = address - segment.address;
    const left = segment.fileBytes - inside;
    const length = 'length' in size ? size.length : Math.min(size.max, left);
    if (length > left) throw new ElfDamage('a table beyond its segment');
    return readTable(this.#input, { offset: segment.offset + inside, length }, this.encoding);
  }
}

function encodingOf(fileClass: number | undefined, data: number | undefined): ElfEncoding {
  if ((fileClass !== 1 && fileClass !== 2) || (data !== 1 && data !== 2))
    throw new ElfDamage('unknown class');
  return { bits: fileClass === 2 ? 64 : 32, littleEndian: data === 1 };
}
