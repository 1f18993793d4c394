// The builder's cache as one thing: opened once per command, safe for several builders at once.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileSystemError, hostTarget, readUnitEntries } from '@salver/core';
import type {
  BuildCache,
  FinishedUnit,
  PackEntry,
  Progress,
  ReadableUnit,
  Store,
  Target,
} from '@salver/core';
import { CacheLocks } from './cache-lock.js';
import { cachePaths, defaultCacheDirectory } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { listCache, pruneCache, verifyCache } from './cache-upkeep.js';
import type { CacheListing, PruneOptions, PruneResult, VerifyResult } from './cache-upkeep.js';
import { storeContentUnit } from './content-unit.js';
import { DownloadStore } from './download-store.js';
import { keepTree } from './kept-tree.js';
import { MemberStore } from './member-store.js';
import { NoteStore } from './note-store.js';
import { SharedCache, sharedUnitPath } from './shared-cache.js';
import { cleanTemporary, withTemporaryDirectory } from './temp-space.js';
import { UnitStore } from './unit-store.js';

export interface OpenCacheOptions {
  /** Where the cache lies; by default {@link defaultCacheDirectory}. */
  readonly directory?: string;
  readonly progress: Progress;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What units are measured for. Default: this machine. */
  readonly target?: Target;
  /** Ends waiting for other builders. */
  readonly signal?: AbortSignal;
  /** A cache that build servers share. */
  readonly shared?: Store | undefined;
}

/** The cache with what only the builder and `salver cache` need. */
export interface OpenedCache extends BuildCache {
  readonly directory: string;
  /** Where clean copies of apps are made. */
  readonly workDirectory: string;
  /**
   * The same cache for one build of `app`: units are measured for `target`, what is found damaged goes to `progress`.
   * {@link endBuild} ends it.
   */
  forBuild(build: {
    readonly app: string;
    readonly target: Target;
    readonly progress: Progress;
  }): OpenedCache;
  /** Fetches what others have made for this app. Does nothing without a shared cache. */
  prefetch(): Promise<void>;
  /** Shares what the build that has just ended has used. Does nothing without a shared cache. */
  share(): Promise<void>;
  /** Remembers which units the app has (none after a failure), and closes what is open. */
  endBuild(units: readonly FinishedUnit[]): void;
  /**
   * Packs entries into a unit whose members are kept one by one, by their raw digest: what did not change since any
   * earlier call is not compressed again. For units that change with every build. Throws as `storeUnit`.
   */
  storeContentUnit(name: string, entries: readonly PackEntry[]): Promise<FinishedUnit>;
  /** What is in the cache. */
  list(): CacheListing;
  /** Removes the longest unused entries. Throws E_USAGE without a limit. */
  prune(options: PruneOptions): PruneResult;
  /** Checks every byte; damaged entries are removed and reported. */
  verify(): VerifyResult;
}

/** Opens the cache and removes what killed builders left in it. Throws E_FILE_SYSTEM, E_DISK_FULL, E_USAGE. */
export function openBuildCache(options: OpenCacheOptions): OpenedCache {
  const paths = cachePaths(resolve(options.directory ?? defaultCacheDirectory(options.env)));
  try {
    mkdirSync(paths.root, { recursive: true });
  } catch (error) {
    throw fileSystemError(error, `cannot create the cache at ${paths.root}`);
  }
  cleanTemporary(paths.tmp);
  const { progress, env, signal = new AbortController().signal } = options;
  const locks = new CacheLocks({ paths, progress, env, signal });
  const { shared } = options;
  return assemble({ paths, target: options.target ?? hostTarget(), progress, locks, shared, signal });
}

interface CacheParts {
  readonly paths: CachePaths;
  readonly app?: string;
  readonly target: Target;
  readonly progress: Progress;
  readonly locks: CacheLocks;
  readonly shared: Store | undefined;
  readonly signal: AbortSignal;
}

function assemble(parts: CacheParts): OpenedCache {
  const { paths, target, progress, locks, shared: store, signal } = parts;
  const units = new UnitStore(parts);
  const members = new MemberStore({ paths, progress });
  const downloads = new DownloadStore({ paths, progress });
  const notes = new NoteStore({ paths, progress });
  const shared =
    store === undefined || parts.app === undefined
      ? undefined
      : new SharedCache({ store, paths, form: units.form, app: parts.app, progress, signal });
  return {
    directory: paths.root,
    workDirectory: paths.work,
    forBuild: (build) => assemble({ paths, locks, shared: store, signal, ...build }),
    prefetch: () => shared?.prefetch() ?? Promise.resolve(),
    share: async () => {
      const { files, pack } = units.used;
      await shared?.share(
        files.map((file) => sharedUnitPath(paths, file)),
        pack,
      );
    },
    endBuild: (collected) => {
      units.keepTogether(collected);
      units.close();
    },
    findUnit: (key) => units.find(key),
    fetchUnit: async (key) => {
      const found = units.find(key);
      if (found !== undefined || shared === undefined) return found;
      return (await shared.fetchUnit(sharedUnitPath(paths, units.pathOf(key)))) ? units.find(key) : undefined;
    },
    storeUnit: (key, entries, extra) => units.store(key, entries, extra),
    storeContentUnit: (name, entries) => storeContentUnit(members, { name, entries, target }),
    readUnit: (unit) => readUnitEntries(readable(unit)),
    findDownload: (integrity) => downloads.find(integrity),
    storeDownload: (stream, about) => downloads.store(stream, about),
    findNote: (key) => notes.find(key),
    storeNote: (key, value) => notes.store(key, value),
    withLock: (key, work) => locks.withLock(key, work),
    keepTree: (key, make) =>
      keepTree(key, make, { paths, withLock: (name, work) => locks.withLock(name, work) }),
    withTempDir: (work) => withTemporaryDirectory(paths.tmp, work),
    list: () => listCache(paths),
    prune: (limits) => pruneCache(paths, limits),
    verify: () => verifyCache(paths, progress),
  };
}

function readable(unit: FinishedUnit): ReadableUnit {
  if ('readMemberSync' in unit) return unit as ReadableUnit;
  throw new TypeError(`unit ${unit.key} did not come from this cache`);
}
