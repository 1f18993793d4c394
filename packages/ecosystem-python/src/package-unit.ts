// One package of the lock becomes a finished unit: found in the cache by its key, or else its wheel is fetched or
// built, unpacked, compiled and packed.
import type { EcosystemContext, FinishedUnit } from '@salver/core';
import { SalverError, comparePaths } from '@salver/core';
import { compileModules } from './bytecode.js';
import type { Interpreter } from './interpreter.js';
import type { ChosenFile, PackageFetcher } from './fetch-package.js';
import type { LockedPackage } from './python-lock.js';
import { foreignSearchPaths } from './search-paths.js';
import { builtWheelKey, wheelKey } from './unit-key.js';
import { withWheel } from './wheel-archive.js';
import { wheelEntries } from './wheel-entries.js';
import { parseWheelName } from './wheel-name.js';
import type { WheelBuilder } from './compile-units.js';

export interface PackageUnit {
  readonly item: LockedPackage;
  readonly version: string;
  readonly content: FinishedUnit;
  /** Directories its files lie in, sorted. */
  readonly directories: readonly string[];
  /** False when it was made in this run. */
  readonly cached: boolean;
  /** True for a source distribution: its wheel was built by this project's builders. */
  readonly compiled: boolean;
  /** True when it was built in this run. */
  readonly builtNow: boolean;
  /** Directories of the builder that its files tell a host to look into. */
  readonly searchPaths: readonly string[];
}

/** A wheel's bytes on disk. */
interface WheelFile {
  readonly fileName: string;
  readonly path: string;
  readonly builtNow: boolean;
}

export interface PackageUnitOptions {
  readonly context: EcosystemContext;
  readonly interpreter: Interpreter;
  readonly fetcher: PackageFetcher;
  readonly builder: WheelBuilder;
}

const NOTHING: ReadonlySet<string> = new Set();

export class PackageUnits {
  readonly #options: PackageUnitOptions;

  constructor(options: PackageUnitOptions) {
    this.#options = options;
  }

  /**
   * The unit, made when it must be; without the `excluded` files, which others bring. Throws what fetching, building
   * and reading the wheel throw.
   */
  async finish(item: LockedPackage, excluded = NOTHING): Promise<PackageUnit> {
    const file = await this.#options.fetcher.chooseFile(item);
    return file.isWheel ? this.#ofWheel(item, file, excluded) : this.#ofSdist(item, file, excluded);
  }

  async #ofWheel(item: LockedPackage, file: ChosenFile, excluded: ReadonlySet<string>): Promise<PackageUnit> {
    const { context, interpreter, fetcher } = this.#options;
    const key = wheelKey(file.integrity, interpreter, excluded);
    const found = context.cache.findUnit(key);
    if (found !== undefined) return describe(item, found, { compiled: false });
    const { path } = await fetcher.fetch(item, file);
    const wheel = { fileName: file.fileName, path, builtNow: false };
    return describe(item, await this.#unpack(wheel, key, excluded), { compiled: false, wheel });
  }

  async #ofSdist(item: LockedPackage, file: ChosenFile, excluded: ReadonlySet<string>): Promise<PackageUnit> {
    const { context, interpreter, builder } = this.#options;
    const buildKey = await builder.keyOf(item, file);
    const key = builtWheelKey(buildKey, interpreter, excluded);
    const found = await context.cache.fetchUnit(key);
    if (found !== undefined) return describe(item, found, { compiled: true });
    const wheel = await builder.wheelOf(item, file, buildKey);
    return describe(item, await this.#unpack(wheel, key, excluded), { compiled: true, wheel });
  }

  async #unpack(wheel: WheelFile, key: string, excluded: ReadonlySet<string>): Promise<FinishedUnit> {
    const { fileName, path } = wheel;
    const { context, interpreter } = this.#options;
    const { cache, env, signal } = context;
    if (signal.aborted) throw new SalverError('E_INTERRUPTED', `interrupted while unpacking ${fileName}`);
    return withWheel(path, fileName, async (archive) => {
      const entries = await wheelEntries({
        wheel: archive,
        fileName,
        version: interpreter.version,
        excluded,
        compile: (modules) =>
          cache.withTempDir((directory) => compileModules({ interpreter, modules, env, directory, signal })),
      });
      const directories = directoriesOf(entries.map((entry) => entry.path));
      const searchPaths = foreignSearchPaths(entries);
      const facts = { directories, searchPaths, version: parseWheelName(fileName)?.version ?? '' };
      return cache.storeUnit(key, entries, facts);
    });
  }
}

/** `wheel` is what the unit was made of in this run; undefined when it was in the cache. */
function describe(
  item: LockedPackage,
  content: FinishedUnit,
  { compiled, wheel }: { readonly compiled: boolean; readonly wheel?: WheelFile },
): PackageUnit {
  const { directories, searchPaths, version } = content.facts.extra as {
    readonly directories: readonly string[];
    readonly searchPaths: readonly string[];
    readonly version: string;
  };
  return {
    item,
    version: item.version ?? version,
    content,
    directories,
    cached: wheel === undefined,
    compiled,
    builtNow: wheel?.builtNow ?? false,
    searchPaths,
  };
}

/** Every directory above these files, sorted. */
function directoriesOf(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const directory = path.slice(0, slash);
      if (found.has(directory)) break;
      found.add(directory);
    }
  }
  return [...found].sort(comparePaths);
}
