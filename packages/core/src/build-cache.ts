// What an ecosystem asks of the builder's cache. The builder implements it (packages/builder).
// Every stored thing is verified when written and again when read; a damaged entry is removed,
// reported through `progress.warn`, and counts as absent.
import type { PackEntry } from './entry.js';
import type { Needs } from './needs.js';

/** One finished member: raw identity and the compressed bytes kept in the cache. */
export interface FinishedMember {
  readonly rawBytes: number;
  readonly rawDigest: string;
  readonly storedBytes: number;
  /** CRC-32 (unsigned) of the stored bytes: what the layout states and what reading the cache checks. */
  readonly storedCrc32: number;
}

/** What is remembered about a unit so that a warm build need not open it. */
export interface UnitFacts {
  readonly entries: number;
  readonly sizeBytes: number;
  /** Measured from its ELF files by `measureNeeds`; libraries that another unit brings are still in it. */
  readonly needs: Needs;
  /** Names of the shared libraries it brings, as `measureNeeds` returns them; `mergeNeeds` wants them back. */
  readonly provides: readonly string[];
  /**
   * Directories of this unit that are named `node_modules` or lie directly in one (`@scope`),
   * as full paths: the links unit must not name them again.
   */
  readonly dependencyDirectories: readonly string[];
  /** Facts of the ecosystem's own: scripts found, bins, …; plain JSON. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A unit whose members are ready to be concatenated into an artifact. */
export interface FinishedUnit {
  readonly key: string;
  readonly facts: UnitFacts;
  readonly members: readonly FinishedMember[];
  /**
   * Hands over the compressed members in order, in pieces of bounded size, verified against
   * `storedCrc32`. Throws E_CACHE_DAMAGED (the entry is then removed) on a mismatch.
   */
  copySync(write: (piece: Uint8Array) => void): void;
}

export interface StoredDownload {
  /** Absolute path of the verified file. Read-only: never edit or hand out for writing. */
  readonly path: string;
  readonly sizeBytes: number;
  /** SRI string with sha512. */
  readonly integrity: string;
}

export interface BuildCache {
  /** The finished unit stored under this key, or undefined. */
  findUnit(key: string): FinishedUnit | undefined;
  /**
   * The same, and where a cache is shared with others, theirs as well: for units that are costly to make. Asking takes a
   * request.
   */
  fetchUnit(key: string): Promise<FinishedUnit | undefined>;
  /**
   * Packs the entries into members (core's packing rules), measures needs, and stores all under `key`.
   * Concurrent writers of one key are safe: the first to finish wins, both get the same content.
   */
  storeUnit(
    key: string,
    entries: readonly PackEntry[],
    extra?: Readonly<Record<string, unknown>>,
  ): Promise<FinishedUnit>;
  /** The entries of a finished unit, readable: for laying it out on disk. */
  readUnit(unit: FinishedUnit): readonly PackEntry[];

  /** A verified download by SRI string (any algorithm npm uses), or undefined. */
  findDownload(integrity: string): StoredDownload | undefined;
  /**
   * Stores a download. The stream is hashed while written; with `expected` (SRI) a mismatch throws
   * E_INTEGRITY_MISMATCH and stores nothing. Also findable by every algorithm named in `expected`.
   */
  storeDownload(
    stream: AsyncIterable<Uint8Array>,
    options: { readonly expected?: string; readonly description: string },
  ): Promise<StoredDownload>;

  /** A small JSON document by key, e.g. which integrity a git commit packs to; or undefined. */
  findNote(key: string): unknown;
  storeNote(key: string, value: unknown): void;

  /**
   * Runs `work` while this process alone holds `key` (several builders may share a cache):
   * used so that a slow compile is done once. Others wait and say what they wait for.
   */
  withLock<T>(key: string, work: () => Promise<T>): Promise<T>;

  /**
   * A directory that `make` fills once and that later builds get as it is; made again when somebody has changed it.
   * Read-only: what is written there goes to every build.
   */
  keepTree(key: string, make: (directory: string) => Promise<void>): Promise<string>;

  /** A fresh private directory on the cache's file system, removed afterwards whatever happens. */
  withTempDir<T>(work: (directory: string) => Promise<T>): Promise<T>;
}
