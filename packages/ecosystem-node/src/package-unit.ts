// One package of the plan becomes a finished unit: found in the cache by its key, or else fetched,
// transcoded and packed. Bounded by the bytes that are decompressed at once.
import type { BuildCache, FinishedUnit } from '@salver/core';
import { SalverError } from '@salver/core';
import { ByteBudget } from './byte-budget.js';
import { describePackage } from './fetch-package.js';
import type { PackageFetcher } from './fetch-package.js';
import type { PlannedPackage } from './install-plan.js';
import { packageFactsToJson, readPackageFacts } from './package-facts.js';
import type { PackageFacts } from './package-facts.js';
import { MEMORY_TAR_BYTES_MAX, estimateRawBytes, withTarBytes } from './tar-bytes.js';
import { readTarball } from './tarball-reader.js';
import { transcodePackage } from './transcode-package.js';
import type { TranscodedPackage } from './transcode-package.js';
import { packageKey } from './unit-key.js';
import type { PackageKeyInput } from './unit-key.js';

const MIB = 1024 * 1024;
/** Decompressed tarballs held at once, all together. */
const TAR_BYTES_IN_FLIGHT_MAX = 64 * MIB;
/** Tarballs worked on at once: twice the threads of libuv's pool. */
const TARBALLS_IN_FLIGHT_MAX = 8;
const NOTHING: ReadonlySet<string> = new Set();

export interface PackageUnit {
  readonly item: PlannedPackage;
  readonly content: FinishedUnit;
  readonly facts: PackageFacts;
  /** False when it was made in this run. */
  readonly cached: boolean;
}

export interface PackageUnitOptions {
  readonly cache: BuildCache;
  readonly fetcher: PackageFetcher;
  /** Linked bin targets by unit location. */
  readonly bins: ReadonlyMap<string, ReadonlySet<string>>;
  /** Paths that other units or links take: packages nested in this one, and its `.bin` links. */
  readonly takenPaths: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

export class PackageUnits {
  readonly #options: PackageUnitOptions;
  readonly #budget = new ByteBudget(TAR_BYTES_IN_FLIGHT_MAX, TARBALLS_IN_FLIGHT_MAX);

  constructor(options: PackageUnitOptions) {
    this.#options = options;
  }

  /** The unit if the cache has it. Opens nothing else. */
  find(item: PlannedPackage): PackageUnit | undefined {
    const integrity = this.#options.fetcher.knownIntegrity(item);
    if (integrity === undefined) return undefined;
    const whole = this.#findExcluding(item, integrity, NOTHING);
    if (whole === undefined) return undefined;
    const excluded = this.#excludedOf(item, whole.facts);
    return excluded.size === 0 ? whole : this.#findExcluding(item, integrity, excluded);
  }

  /** The unit, made when it must be. Throws what fetching and reading the tarball throw. */
  async finish(item: PlannedPackage): Promise<PackageUnit> {
    return this.find(item) ?? this.#make(item);
  }

  /** Opens the package's tarball and hands over its entries, for the time of `work`. */
  async withEntries<T>(
    item: PlannedPackage,
    excluded: ReadonlySet<string>,
    work: (transcoded: TranscodedPackage, integrity: string) => Promise<T>,
  ): Promise<T> {
    const download = await this.#options.fetcher.fetch(item);
    const integrity = this.#options.fetcher.knownIntegrity(item) ?? download.integrity;
    const weight = Math.min(await estimateRawBytes(download.path), MEMORY_TAR_BYTES_MAX);
    return this.#budget.run(weight, async () => {
      this.#throwIfAborted(item);
      const description = describePackage(item);
      const withTempDir = this.#options.cache.withTempDir.bind(this.#options.cache);
      return withTarBytes(download.path, { description, withTempDir }, (tar) => {
        const files = readTarball(tar, { description, keepGitignore: item.source.kind === 'git' });
        const modes = this.#modesOf(item);
        return work(transcodePackage({ location: item.location, files, tar, ...modes, excluded }), integrity);
      });
    });
  }

  #throwIfAborted(item: PlannedPackage): void {
    if (!this.#options.signal.aborted) return;
    throw new SalverError('E_INTERRUPTED', `interrupted while packing ${describePackage(item)}`);
  }

  #modesOf(item: PlannedPackage): Pick<PackageKeyInput, 'bins' | 'executables'> {
    const bins = this.#options.bins.get(item.location) ?? NOTHING;
    // npm reads a package's description from the registry only where the lock has no URL, and only then
    // makes all its bins executable, also those whose link another package has won.
    const isDescribed = item.source.kind === 'registry' && item.source.url === undefined;
    const executables = isDescribed ? Object.values(item.bin).filter((path) => !bins.has(path)) : [];
    return { bins, executables: executables.length === 0 ? NOTHING : new Set(executables) };
  }

  #excludedOf(item: PlannedPackage, facts: PackageFacts): ReadonlySet<string> {
    if (facts.nestedPaths.length === 0) return NOTHING;
    return new Set(
      facts.nestedPaths.filter((path) => this.#options.takenPaths.has(`${item.location}/${path}`)),
    );
  }

  #findExcluding(
    item: PlannedPackage,
    integrity: string,
    excluded: ReadonlySet<string>,
  ): PackageUnit | undefined {
    const content = this.#options.cache.findUnit(
      packageKey({ item, integrity, ...this.#modesOf(item), excluded }),
    );
    if (content === undefined) return undefined;
    return { item, content, facts: readPackageFacts(content.facts.extra), cached: true };
  }

  async #make(item: PlannedPackage): Promise<PackageUnit> {
    const whole = await this.#makeExcluding(item, NOTHING);
    const excluded = this.#excludedOf(item, whole.facts);
    return excluded.size === 0 ? whole : this.#makeExcluding(item, excluded);
  }

  #makeExcluding(item: PlannedPackage, excluded: ReadonlySet<string>): Promise<PackageUnit> {
    return this.withEntries(item, excluded, async ({ entries, facts }, integrity) => {
      const key = packageKey({ item, integrity, ...this.#modesOf(item), excluded });
      const content = await this.#options.cache.storeUnit(key, entries, packageFactsToJson(facts));
      return { item, content, facts, cached: false };
    });
  }
}
