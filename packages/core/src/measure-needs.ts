// What the files of one unit ask of a host, read from their ELF headers (docs/format.md section 6). Only files
// for the target's CPU and C library count: packages ship prebuilt binaries for many platforms side by side.
import { comparePaths } from './archive-path.js';
import { readElf } from './elf-reader.js';
import type { ElfFile } from './elf-reader.js';
import type { ElfSymbol } from './elf-symbols.js';
import type { PackEntry } from './entry.js';
import { isLibcLibrary, isOfTarget, libcFamily } from './libc-family.js';
import { higherVersion, presentNeeds } from './merge-needs.js';
import type { LibraryNeed, Needs, NodeNeeds, VersionNeed } from './needs.js';
import type { Target } from './target.js';

/** Needs of one unit, before other units are known. */
export interface MeasuredNeeds {
  /** `libraries` may still name what another unit of the release brings: `mergeNeeds` drops those. */
  readonly needs: Needs;
  /** File names and sonames of the unit's shared libraries for the target, sorted. */
  readonly provides: readonly string[];
  /** Paths of the ELF files that count for the target, sorted. */
  readonly elfFiles: readonly string[];
}

interface CountedFile {
  readonly path: string;
  readonly elf: ElfFile;
}

/** Symbols that tell how an addon binds to Node. */
const ADDON_SYMBOLS = ['napi_', 'node_api_', 'node_register_module_v', 'node_module_register'];

/** Measures one unit. The result depends on content and paths only. Throws what `readSync` throws. */
export function measureNeeds(entries: readonly PackEntry[], target: Target): MeasuredNeeds {
  const files: CountedFile[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    const elf = readElf(entry, { symbolPrefixes: ADDON_SYMBOLS });
    if (elf !== undefined && isOfTarget(elf, target)) files.push({ path: entry.path, elf });
  }
  files.sort((a, b) => comparePaths(a.path, b.path));
  const provides = providedNames(files, entries);
  return {
    needs: needsOf(files, new Set(provides), target),
    provides,
    elfFiles: files.map((file) => file.path),
  };
}

function needsOf(files: readonly CountedFile[], provided: ReadonlySet<string>, target: Target): Needs {
  const highest = (prefix: string): VersionNeed | undefined => highestVersion(files, prefix, provided);
  const glibc = highest('GLIBC');
  const glibcxx = highest('GLIBCXX');
  const cxxabi = highest('CXXABI');
  const muslFile = files.find(({ elf }) => libcFamily(elf) === 'musl');
  const musl = muslFile === undefined ? undefined : { by: muslFile.path };
  const isCheckedByVersion = glibcxx !== undefined || cxxabi !== undefined;
  const libraries = missingLibraries(files, target).filter(
    ({ name }) => !isProvided(name, provided) && !(isCheckedByVersion && name === CXX_LIBRARY),
  );
  const node = nodeNeedsOf(files);
  return presentNeeds({ glibc, glibcxx, cxxabi, musl, libraries, node, python: undefined });
}

/** The C++ library: a host's is checked by the `GLIBCXX_` and `CXXABI_` versions asked of it, not by name. */
const CXX_LIBRARY = 'libstdc++.so.6';

/** At most this many digits per part: hostile versions must stay exact numbers. */
const VERSION_SYMBOL = /^([A-Z]+)_([0-9]{1,6}(?:\.[0-9]{1,6}){0,3})$/;
/** Version names without a number of their own, and the release of glibc that brought them. */
const NAMED_VERSIONS: Readonly<Record<string, string>> = { GLIBC_ABI_DT_RELR: 'GLIBC_2.36' };

/** Highest version asked of the host: one asked of a library that the unit itself brings does not count. */
function highestVersion(
  files: readonly CountedFile[],
  prefix: string,
  provided: ReadonlySet<string>,
): VersionNeed | undefined {
  let highest: VersionNeed | undefined;
  for (const { path, elf } of files) {
    for (const need of elf.versionsNeeded) {
      const [, name, version] = VERSION_SYMBOL.exec(NAMED_VERSIONS[need.version] ?? need.version) ?? [];
      if (name !== prefix || version === undefined || isProvided(need.library, provided)) continue;
      highest = higherVersion(highest, { version, by: path });
    }
  }
  return highest;
}

/** `DT_NEEDED` names outside the C library, each with the first file that asks for it; sorted by name. */
function missingLibraries(files: readonly CountedFile[], target: Target): readonly LibraryNeed[] {
  const found = new Map<string, string>();
  for (const { path, elf } of files) {
    for (const name of elf.needed) {
      if (name !== '' && !found.has(name) && !isLibcLibrary(name, target.libc)) found.set(name, path);
    }
  }
  return [...found].map(([name, by]) => ({ name, by })).sort((a, b) => comparePaths(a.name, b.name));
}

/** Names under which the unit's libraries may be asked for; links such as `libvips.so.42` count too. */
function providedNames(files: readonly CountedFile[], entries: readonly PackEntry[]): readonly string[] {
  const names = new Set<string>();
  for (const { path, elf } of files) {
    if (elf.interpreter === undefined) names.add(baseName(path));
    if (elf.soname !== undefined && elf.soname !== '') names.add(baseName(elf.soname));
  }
  for (const entry of entries) {
    if (entry.kind === 'symlink' && names.has(baseName(entry.linkTarget))) names.add(baseName(entry.path));
  }
  return [...names].sort(comparePaths);
}

/** Libraries are matched by file name: where a loader searches is only known on the host. */
function isProvided(name: string, provided: ReadonlySet<string>): boolean {
  return provided.has(baseName(name));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const MODULE_SYMBOL = /^node_register_module_v([0-9]{1,5})$/;

function nodeNeedsOf(files: readonly CountedFile[]): NodeNeeds | undefined {
  const modules = new Map<number, string>();
  let napi = false;
  for (const { path, elf } of files) {
    const version = moduleVersionOf(elf);
    if (version !== undefined && !modules.has(version)) modules.set(version, path);
    if (version === undefined && elf.symbols.some(isNodeApiUse)) napi = true;
  }
  const [first, ...others] = modules;
  // Addons for several versions are prebuilt ones side by side: the package picks one when it is loaded.
  if (first !== undefined && others.length === 0) return { modules: { version: first[0], by: first[1] } };
  return napi ? { napi: true } : undefined;
}

/** `NODE_MODULE_VERSION` of an addon that is bound to one; undefined for Node-API addons and everything else. */
function moduleVersionOf(elf: ElfFile): number | undefined {
  for (const { name, defined } of elf.symbols) {
    const version = defined ? MODULE_SYMBOL.exec(name)?.[1] : undefined;
    if (version !== undefined) return Number(version);
  }
  return elf.nodeModuleVersion;
}

function isNodeApiUse({ name, defined }: ElfSymbol): boolean {
  return defined
    ? name === 'napi_register_module_v1'
    : name.startsWith('napi_') || name.startsWith('node_api_');
}
