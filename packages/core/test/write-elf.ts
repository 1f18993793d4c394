// Writes small ELF files for tests: one loadable segment, a dynamic section, symbol versions and symbols.
import type { ElfEncoding } from '@salver/core';

export interface ElfPlan {
  readonly encoding?: ElfEncoding;
  readonly machine?: number;
  readonly osAbi?: number;
  readonly interpreter?: string;
  readonly soname?: string;
  readonly needed?: readonly string[];
  readonly runPath?: string;
  readonly rPath?: string;
  /** Versions asked of libraries: `{'libc.so.6': ['GLIBC_2.34']}`; a `?` at the end marks a weak one. */
  readonly versions?: Readonly<Record<string, readonly string[]>>;
  readonly defines?: readonly string[];
  /** Dynamic symbols; `!` at the end marks a defined one. */
  readonly symbols?: readonly string[];
  /** Which hash table tells the number of symbols. */
  readonly hash?: 'sysv' | 'gnu';
  /** Adds a `struct node_module` of this version, with the relocations a compiler emits for it. */
  readonly nodeModule?: number;
}

const X64: ElfEncoding = { bits: 64, littleEndian: true };

/** Names collected into one table; each gets an offset. */
class Names {
  readonly #offsets = new Map<string, number>([['', 0]]);
  #bytes = '\0';

  at(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#bytes.length;
    this.#offsets.set(name, offset);
    this.#bytes += `${name}\0`;
    return offset;
  }

  get bytes(): Buffer {
    return Buffer.from(this.#bytes, 'latin1');
  }
}

/** A number with its width in bytes. */
type Field = readonly [value: number, bytes: number];

function encode(fields: readonly Field[], littleEndian: boolean): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const out = Buffer.alloc(bytes);
      for (let index = 0; index < bytes; index += 1) {
        // Division instead of shifts: shifts are limited to 32 bits.
        out[littleEndian ? index : bytes - 1 - index] = Math.floor(value / 256 ** index) % 256;
      }
      return out;
    }),
  );
}

/** The file's bytes. It is laid out so that load addresses equal file offsets. */
export function writeElf(plan: ElfPlan = {}): Buffer {
  const encoding = plan.encoding ?? X64;
  const names = new Names();
  const word = encoding.bits / 8;
  const pack = (...fields: Field[]): Buffer => encode(fields, encoding.littleEndian);
  const headerBytes = encoding.bits === 64 ? 64 : 52;
  const programHeaderBytes = encoding.bits === 64 ? 56 : 32;
  const segments = plan.interpreter === undefined ? 2 : 3;
  const sections: Buffer[] = [];
  let end = headerBytes + segments * programHeaderBytes;
  const place = (bytes: Buffer): number => {
    const padded = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
    const at = end;
    sections.push(padded);
    end += padded.length;
    return at;
  };
  end += (8 - (end % 8)) % 8;
  const firstSection = end;

  const dynamic: (readonly [tag: number, value: number])[] = [];
  for (const name of plan.needed ?? []) dynamic.push([1, names.at(name)]);
  if (plan.soname !== undefined) dynamic.push([14, names.at(plan.soname)]);
  if (plan.rPath !== undefined) dynamic.push([15, names.at(plan.rPath)]);
  if (plan.runPath !== undefined) dynamic.push([29, names.at(plan.runPath)]);
  const versions = Object.entries(plan.versions ?? {});
  if (versions.length > 0) {
    dynamic.push([0x6ffffffe, place(versionNeeds(versions, names, pack))], [0x6fffffff, versions.length]);
  }
  const defines = plan.defines ?? [];
  if (defines.length > 0) {
    dynamic.push([0x6ffffffc, place(versionDefinitions(defines, names, pack))], [0x6ffffffd, defines.length]);
  }
  const symbols = plan.symbols ?? [];
  if (symbols.length > 0) {
    // Undefined ones first, as linkers order them for the GNU hash table.
    const ordered = [
      '',
      ...symbols.filter((name) => !name.endsWith('!')),
      ...symbols.filter((name) => name.endsWith('!')),
    ];
    dynamic.push([6, place(Buffer.concat(ordered.map((name) => symbolRow(name, names, pack, encoding))))]);
    const firstDefined = ordered.findIndex((name) => name.endsWith('!'));
    dynamic.push(
      plan.hash === 'gnu'
        ? [
            0x6ffffef5,
            place(gnuHash(ordered.length, firstDefined === -1 ? ordered.length : firstDefined, word, pack)),
          ]
        : [4, place(pack([1, 4], [ordered.length, 4]))],
    );
  }
  if (plan.nodeModule !== undefined) dynamic.push(...nodeModuleStruct(plan.nodeModule, place, pack));
  const interpreterAt = plan.interpreter === undefined ? 0 : place(Buffer.from(`${plan.interpreter}\0`));
  const nameBytes = names.bytes;
  dynamic.push([5, place(nameBytes)], [10, nameBytes.length], [0, 0]);
  const dynamicBytes = Buffer.concat(dynamic.map(([tag, value]) => pack([tag, word], [value, word])));
  const dynamicAt = place(dynamicBytes);

  const rows: (readonly [type: number, offset: number, length: number])[] = [
    [1, 0, end],
    [2, dynamicAt, dynamicBytes.length],
  ];
  if (plan.interpreter !== undefined) rows.push([3, interpreterAt, plan.interpreter.length + 1]);
  const programHeaders = rows.map(([type, at, length]) =>
    encoding.bits === 64
      ? pack([type, 4], [6, 4], [at, 8], [at, 8], [at, 8], [length, 8], [length, 8], [8, 8])
      : pack([type, 4], [at, 4], [at, 4], [at, 4], [length, 4], [length, 4], [6, 4], [8, 4]),
  );
  const identity = Buffer.alloc(16);
  identity.set([
    0x7f,
    0x45,
    0x4c,
    0x46,
    encoding.bits === 64 ? 2 : 1,
    encoding.littleEndian ? 1 : 2,
    1,
    plan.osAbi ?? 0,
  ]);
  const header = pack(
    [3, 2],
    [plan.machine ?? 62, 2],
    [1, 4],
    [0, word],
    [headerBytes, word],
    [0, word],
    [0, 4],
    [headerBytes, 2],
    [programHeaderBytes, 2],
    [segments, 2],
    [0, 2],
    [0, 2],
    [0, 2],
  );
  const top = Buffer.concat([identity, header, ...programHeaders]);
  return Buffer.concat([top, Buffer.alloc(firstSection - top.length), ...sections]);
}

type Pack = (...fields: Field[]) => Buffer;

function versionNeeds(
  versions: readonly (readonly [string, readonly string[]])[],
  names: Names,
  pack: Pack,
): Buffer {
  return Buffer.concat(
    versions.map(([library, wanted], index) => {
      const next = index === versions.length - 1 ? 0 : 16 + wanted.length * 16;
      const head = pack([1, 2], [wanted.length, 2], [names.at(library), 4], [16, 4], [next, 4]);
      const rows = wanted.map((version, row) =>
        pack(
          [0, 4],
          [version.endsWith('?') ? 2 : 0, 2],
          [2, 2],
          [names.at(version.replace('?', '')), 4],
          [row === wanted.length - 1 ? 0 : 16, 4],
        ),
      );
      return Buffer.concat([head, ...rows]);
    }),
  );
}

function versionDefinitions(defines: readonly string[], names: Names, pack: Pack): Buffer {
  return Buffer.concat(
    defines.map((version, index) =>
      pack(
        [1, 2],
        [0, 2],
        [index + 1, 2],
        [1, 2],
        [0, 4],
        [20, 4],
        [index === defines.length - 1 ? 0 : 28, 4],
        [names.at(version), 4],
        [0, 4],
      ),
    ),
  );
}

function symbolRow(name: string, names: Names, pack: Pack, encoding: ElfEncoding): Buffer {
  const section = name.endsWith('!') ? 1 : 0;
  const at = names.at(name.replace('!', ''));
  return encoding.bits === 64
    ? pack([at, 4], [0, 1], [0, 1], [section, 2], [0, 8], [0, 8])
    : pack([at, 4], [0, 4], [0, 4], [0, 1], [0, 1], [section, 2]);
}

/** One bucket with all hashed symbols in its chain. */
function gnuHash(count: number, firstHashed: number, word: number, pack: Pack): Buffer {
  const hashed = count - firstHashed;
  const chain = Array.from({ length: hashed }, (_, index) => pack([index === hashed - 1 ? 1 : 2, 4]));
  return Buffer.concat([
    pack([1, 4], [firstHashed, 4], [1, 4], [0, 4], [0, word], [hashed === 0 ? 0 : firstHashed, 4]),
    ...chain,
  ]);
}

function nodeModuleStruct(
  version: number,
  place: (bytes: Buffer) => number,
  pack: Pack,
): (readonly [tag: number, value: number])[] {
  const fileName = place(Buffer.from('../src/addon.cc\0'));
  const struct = place(pack([version, 4], [0, 4], ...Array.from({ length: 7 }, (): Field => [0, 8])));
  const pointers = [
    [struct + 16, fileName],
    [struct + 24, fileName],
    [struct + 40, fileName],
  ] as const;
  const relocations = Buffer.concat(pointers.map(([at, target]) => pack([at, 8], [8, 8], [target, 8])));
  return [
    [7, place(relocations)],
    [8, relocations.length],
  ];
}
