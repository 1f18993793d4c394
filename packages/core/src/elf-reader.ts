// What an ELF file asks of the machine it runs on: libraries, symbol versions, the loader. An own small reader,
// because this is what a release's needs are measured from, on any builder, without binutils.
import { ElfDamage, ElfTable } from './elf-bytes.js';
import type { ElfInput } from './elf-bytes.js';
import { ElfImage, hasElfMagic } from './elf-image.js';
import { readNodeModuleVersion } from './elf-node-module.js';
import { readSymbols } from './elf-symbols.js';
import type { ElfSymbol } from './elf-symbols.js';

/** A symbol version that must be there when the file is loaded. */
export interface ElfVersionNeed {
  /** `DT_NEEDED` name of the library that must define it: `libc.so.6`. */
  readonly library: string;
  /** `GLIBC_2.34`. */
  readonly version: string;
}

/** Facts of one ELF file. Lists are in file order. */
export interface ElfFile {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_machine`: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** `EI_OSABI`: 0 and 3 are Linux, 9 is FreeBSD. */
  readonly osAbi: number;
  readonly interpreter: string | undefined;
  readonly soname: string | undefined;
  /** `DT_NEEDED`. */
  readonly needed: readonly string[];
  /** Directories of `DT_RUNPATH` (else `DT_RPATH`), as written: may begin with `$ORIGIN`. */
  readonly searchPaths: readonly string[];
  /** Without those marked weak: the loader only warns about them. */
  readonly versionsNeeded: readonly ElfVersionNeed[];
  /** Versions the file defines: `GLIBCXX_3.4.30` for a libstdc++. */
  readonly versionsDefined: readonly string[];
  /** Dynamic symbols with one of the prefixes asked for. */
  readonly symbols: readonly ElfSymbol[];
  /** `nm_version` of an addon that calls `node_module_register`, when that prefix is asked for and it is found. */
  readonly nodeModuleVersion: number | undefined;
}

export interface ElfReadOptions {
  /** Which dynamic symbols to return, by the beginning of their names. Default none. */
  readonly symbolPrefixes?: readonly string[];
}

const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_STRSZ = 10;
const DT_SONAME = 14;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const DT_VERDEF = 0x6ffffffc;
const DT_VERDEFNUM = 0x6ffffffd;
const DT_VERNEED = 0x6ffffffe;
const DT_VERNEEDNUM = 0x6fffffff;

const NAMES_BYTES_MAX = 64 * 1024 * 1024;
const VERSION_TABLE_BYTES_MAX = 4 * 1024 * 1024;
const VERSIONS_MAX = 10_000;
const VERSION_FLAG_WEAK = 2;

/**
 * Reads an ELF file, 32 or 64 bit, either byte order. Returns undefined for anything that is no ELF file or is
 * damaged; throws only what `input.readSync` throws.
 */
export function readElf(input: ElfInput, options: ElfReadOptions = {}): ElfFile | undefined {
  if (input.sizeBytes < 4 || !hasElfMagic(input.readSync(0, 4))) return undefined;
  try {
    return describe(new ElfImage(input), options);
  } catch (error) {
    if (error instanceof ElfDamage) return undefined;
    throw error;
  }
}

function describe(image: ElfImage, options: ElfReadOptions): ElfFile {
  const names = readNames(image);
  const textOf = (tag: number): readonly string[] => image.dynamic(tag).map((at) => names.text(at));
  const runPath = textOf(DT_RUNPATH);
  const symbols = readSymbols(image, names, options.symbolPrefixes ?? []);
  const registersItself = symbols.some((symbol) => !symbol.defined && symbol.name === 'node_module_register');
  return {
    ...image.encoding,
    machine: image.machine,
    osAbi: image.osAbi,
    interpreter: image.interpreter,
    soname: textOf(DT_SONAME)[0],
    needed: textOf(DT_NEEDED),
    searchPaths: (runPath.length > 0 ? runPath : textOf(DT_RPATH)).flatMap((list) => list.split(':')),
    versionsNeeded: readVersionsNeeded(image, names),
    versionsDefined: readVersionsDefined(image, names),
    symbols,
    nodeModuleVersion: registersItself ? readNodeModuleVersion(image) : undefined,
  };
}

/** The dynamic string table: every name in the dynamic section is an offset into it. */
function readNames(image: ElfImage): ElfTable {
  const address = image.dynamicOnce(DT_STRTAB);
  const length = image.dynamicOnce(DT_STRSZ) ?? 0;
  if (length > NAMES_BYTES_MAX) throw new ElfDamage('too many names');
  if (address === undefined) return new ElfTable(Buffer.alloc(0), image.encoding);
  return image.atAddress(address, { length });
}

/** Steps of a chain in a version table: each record states how far the next one is; 0 ends it. */
function* chain(table: ElfTable, first: number, nextField: number): Generator<number> {
  let at = first;
  for (let count = 0; count < VERSIONS_MAX; count += 1) {
    yield at;
    const step = table.u32(at + nextField);
    if (step === 0) return;
    at += step;
  }
  throw new ElfDamage('a chain of versions without an end');
}

function versionTable(image: ElfImage, addressTag: number, countTag: number): ElfTable | undefined {
  const address = image.dynamicOnce(addressTag);
  if (address === undefined || (image.dynamicOnce(countTag) ?? 0) === 0) return undefined;
  return image.atAddress(address, { max: VERSION_TABLE_BYTES_MAX });
}

function readVersionsNeeded(image: ElfImage, names: ElfTable): readonly ElfVersionNeed[] {
  const table = versionTable(image, DT_VERNEED, DT_VERNEEDNUM);
  const found: ElfVersionNeed[] = [];
  if (table === undefined) return found;
  let records = 0;
  for (const at of chain(table, 0, 12)) {
    const library = names.text(table.u32(at + 4));
    if (table.u16(at + 2) === 0) continue;
    for (const aux of chain(table, at + table.u32(at + 8), 12)) {
      // Counted here as well: chains that share records would multiply.
      records += 1;
      if (records > VERSIONS_MAX) throw new ElfDamage('too many versions');
      if ((table.u16(aux + 4) & VERSION_FLAG_WEAK) !== 0) continue;
      found.push({ library, version: names.text(table.u32(aux + 8)) });
    }
  }
  return found;
}

function readVersionsDefined(image: ElfImage, names: ElfTable): readonly string[] {
  const table = versionTable(image, DT_VERDEF, DT_VERDEFNUM);
  if (table === undefined) return [];
  const found: string[] = [];
  // The first auxiliary record of a definition has its name; those behind it name what it inherits from.
  for (const at of chain(table, 0, 16)) found.push(names.text(table.u32(at + table.u32(at + 12))));
  return found;
}
