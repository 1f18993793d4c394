// The dynamic symbol table: which names a file defines for others and which it expects from them.
import { ElfDamage } from './elf-bytes.js';
import type { ElfTable } from './elf-bytes.js';
import type { ElfImage } from './elf-image.js';

export interface ElfSymbol {
  readonly name: string;
  /** False: another file has to define it. */
  readonly defined: boolean;
}

const DT_HASH = 4;
const DT_SYMTAB = 6;
const DT_GNU_HASH = 0x6ffffef5;
const SYMBOLS_MAX = 2_000_000;
const HASH_TABLE_BYTES_MAX = 64 * 1024 * 1024;

/** The symbols whose names begin with one of `prefixes`: a table may hold a million others. */
export function readSymbols(
  image: ElfImage,
  names: ElfTable,
  prefixes: readonly string[],
): readonly ElfSymbol[] {
  const address = image.dynamicOnce(DT_SYMTAB);
  if (address === undefined || prefixes.length === 0) return [];
  const wide = image.encoding.bits === 64;
  const symbolBytes = wide ? 24 : 16;
  const table = image.atAddress(address, { length: countSymbols(image, address, symbolBytes) * symbolBytes });
  const wanted = prefixes.map((prefix) => Buffer.from(prefix, 'latin1'));
  const found: ElfSymbol[] = [];
  for (let at = 0; at < table.length; at += symbolBytes) {
    const nameAt = table.u32(at);
    if (!wanted.some((prefix) => names.startsWith(nameAt, prefix))) continue;
    found.push({ name: names.text(nameAt), defined: table.u16(at + (wide ? 6 : 14)) !== 0 });
  }
  return found;
}

/** The table does not state its own length: the hash tables tell it. */
function countSymbols(image: ElfImage, address: number, symbolBytes: number): number {
  const gnuHash = image.dynamicOnce(DT_GNU_HASH);
  const hash = image.dynamicOnce(DT_HASH);
  let count = 0;
  if (hash !== undefined && gnuHash === undefined) count = image.atAddress(hash, { length: 8 }).u32(4);
  else if (gnuHash !== undefined)
    count = countByGnuHash(image, gnuHash) ?? countByGap(image, address, symbolBytes);
  if (count > SYMBOLS_MAX) throw new ElfDamage('too many symbols');
  return count;
}

/** Highest index that any bucket's chain reaches; undefined when no symbol is hashed, that is, defined. */
function countByGnuHash(image: ElfImage, address: number): number | undefined {
  const table = image.atAddress(address, { max: HASH_TABLE_BYTES_MAX });
  const buckets = table.u32(0);
  const firstHashed = table.u32(4);
  const bucketsAt = 16 + table.u32(8) * table.wordBytes;
  if (bucketsAt + buckets * 4 > table.length) throw new ElfDamage('a hash table beyond its segment');
  let last = 0;
  for (let index = 0; index < buckets; index += 1) last = Math.max(last, table.u32(bucketsAt + index * 4));
  if (last < firstHashed) return undefined;
  const chainsAt = bucketsAt + buckets * 4;
  while ((table.u32(chainsAt + (last - firstHashed) * 4) & 1) === 0) last += 1;
  return last + 1;
}

/** Where other tables of the dynamic section begin. */
const TABLE_TAGS = [DT_HASH, 5, 7, 17, 23, DT_GNU_HASH, 0x6ffffff0, 0x6ffffffc, 0x6ffffffe];

/** Up to the next table: linkers lay out these tables one behind the other. */
function countByGap(image: ElfImage, address: number, symbolBytes: number): number {
  const starts = TABLE_TAGS.flatMap((tag) => image.dynamic(tag)).filter((start) => start > address);
  return starts.length === 0 ? 0 : Math.floor((Math.min(...starts) - address) / symbolBytes);
}
