// Which Node an addon was compiled for, when it registers itself by `node_module_register(&module)`: the
// version is a field of a static struct (`struct node_module` in node.h). Newer addons export a symbol instead.
import type { ElfImage } from './elf-image.js';

const DT_RELA = 7;
const DT_RELASZ = 8;
const RELOCATION_BYTES = 24;
const RELOCATION_TABLE_BYTES_MAX = 16 * 1024 * 1024;

/** Offsets in the 64-bit `struct node_module`. */
const FLAGS = 4;
const HANDLE = 8;
const FILE_NAME = 16;
const REGISTER_FUNCTION = 24;
const CONTEXT_REGISTER_FUNCTION = 32;
const MODULE_NAME = 40;

const MODULE_VERSION_MAX = 10_000;
const MODULE_FLAGS_MAX = 0xff;
const SOURCE_FILE = /\.(c|cc|cpp|cxx|mm)$/i;

/**
 * `nm_version` of the struct, or undefined where no such struct is found: 32-bit and packed relocations are
 * not looked at. The struct has no name to look for, so it is recognised by its relocated fields: a pointer to
 * the source file's name, one to the register function, one to the module's name.
 */
export function readNodeModuleVersion(image: ElfImage): number | undefined {
  const relocations = readRelocations(image);
  for (const [at, target] of relocations) {
    const struct = at - FILE_NAME;
    const isRegistered =
      relocations.has(struct + REGISTER_FUNCTION) || relocations.has(struct + CONTEXT_REGISTER_FUNCTION);
    if (!isRegistered || !relocations.has(struct + MODULE_NAME)) continue;
    if (!image.hasAddress(struct) || !image.hasAddress(target)) continue;
    const fields = image.atAddress(struct, { max: FILE_NAME });
    if (fields.length < FILE_NAME) continue;
    const version = fields.u32(0);
    if (version === 0 || version > MODULE_VERSION_MAX || fields.u32(FLAGS) > MODULE_FLAGS_MAX) continue;
    if (fields.word(HANDLE) === 0 && SOURCE_FILE.test(image.textAt(target))) return version;
  }
  return undefined;
}

/** Addresses that the loader fills in, with what it puts there (before adding where the file was loaded). */
function readRelocations(image: ElfImage): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const address = image.dynamicOnce(DT_RELA);
  const length = image.dynamicOnce(DT_RELASZ) ?? 0;
  if (image.encoding.bits !== 64 || address === undefined || length > RELOCATION_TABLE_BYTES_MAX)
    return found;
  const table = image.atAddress(address, { length });
  for (let at = 0; at + RELOCATION_BYTES <= table.length; at += RELOCATION_BYTES) {
    found.set(table.word(at), table.word(at + 16));
  }
  return found;
}
