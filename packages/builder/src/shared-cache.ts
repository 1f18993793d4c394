// A cache that build servers share through a store: finished units by their keys, and for each app the list of those that
// its last build used, with the small ones in one file. A fresh server fetches these before its first build; a compiled
// unit is asked for by its key before anybody compiles it again.
//
//   salver-cache/units/<form>-<target>/ab/cdef…   as in the cache (cache-paths.ts)
//   salver-cache/packs/<form>-<target>/<sha256>   a pack, named by its bytes
//   salver-cache/lists/<form>-<target>/ab/cdef….json
//
// Whatever comes is compared with its digests before it gets a name in the cache. A store that fails costs time, never
// the build.
import { closeSync, createReadStream, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  SalverError,
  ShapeError,
  canonicalJson,
  decodeMember,
  integer,
  isSalverError,
  listOf,
  object,
  text,
  workOnAll,
} from '@salver/core';
import type { ObjectContent, Progress, Store } from '@salver/core';
import { publishFile } from './cache-files.js';
import { spreadKey } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { hashFile } from './download-store.js';
import { writeFully } from './file-io.js';
import { temporaryPath } from './temp-space.js';
import { readStoredMember, readUnitFile } from './unit-file.js';

const PREFIX = 'salver-cache';
const LIST_BYTES_MAX = 8 * 1024 * 1024;
const UNITS_MAX = 100_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const AT_A_TIME = 8;

/** What one app needs, as its last build left it. */
interface SharedList {
  readonly format: 1;
  /** Paths of unit files below the cache. */
  readonly units: readonly string[];
  /** sha256 of the pack with the small ones. */
  readonly pack?: string;
}

/** Nothing that leads elsewhere: the list comes from outside. */
const UNIT_PATH = /^units\/[A-Za-z0-9][A-Za-z0-9._-]*\/[0-9a-f]{2}\/[0-9a-f]{62}$/;

const listShape = object<SharedList>(
  {
    format: integer(1, 1) as never,
    units: listOf(text(UNIT_PATH), UNITS_MAX),
    pack: text(/^[0-9a-f]{64}$/),
  },
  ['pack'],
);

export interface SharedCacheOptions {
  readonly store: Store;
  readonly paths: CachePaths;
  /** `<form>-<target>`, see cache-paths.ts. */
  readonly form: string;
  readonly app: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export class SharedCache {
  readonly #options: SharedCacheOptions;
  /** Unit files that others ask for by key: they are shared on their own even when they are small. */
  readonly #asked = new Set<string>();
  #known: SharedList | undefined;
  #listTag: string | undefined;
  #isBroken = false;

  constructor(options: SharedCacheOptions) {
    this.#options = options;
  }

  /** Fetches what the last build of this app used and this cache lacks. */
  async prefetch(): Promise<void> {
    await this.#tolerating(async () => {
      const list = await this.#readList();
      if (list === undefined) return;
      this.#known = list;
      const { paths, progress, form, app } = this.#options;
      const packPath = join(paths.packs, form, spreadKey(app));
      const wanted: (() => Promise<boolean>)[] = list.units
        .filter((path) => !existsSync(join(paths.root, path)))
        .map((path) => () => this.#fetchUnitFile(path));
      const { pack } = list;
      if (pack !== undefined && !existsSync(packPath)) wanted.unshift(() => this.#fetchPack(pack, packPath));
      if (wanted.length === 0) return;
      const step = progress.step('fetching shared units', 'files');
      try {
        let done = 0;
        await workOnAll(wanted, AT_A_TIME, async (work) => {
          await work();
          step.update((done += 1), wanted.length);
        });
      } finally {
        step.end();
      }
    });
  }

  /** Looks for one unit by its path below the cache; true when it is there now. */
  async fetchUnit(path: string): Promise<boolean> {
    this.#asked.add(path);
    return (await this.#tolerating(() => this.#fetchUnitFile(path))) ?? false;
  }

  /** Shares what a build has used: unit files of their own, by their paths below the cache, and the pack of the others. */
  async share(units: readonly string[], packPath: string | undefined): Promise<void> {
    await this.#tolerating(async () => {
      const { store, paths, progress, signal } = this.#options;
      const pack = packPath !== undefined && existsSync(packPath) ? hashOf(packPath) : undefined;
      const list: SharedList = {
        format: 1,
        units: [...units].sort(),
        ...(pack === undefined ? {} : { pack }),
      };
      const known = new Set(this.#known?.units ?? []);
      const missing = [...new Set([...units, ...this.#asked])].filter((path) => !known.has(path));
      const isSame = JSON.stringify(list) === JSON.stringify(this.#known);
      if (isSame && missing.length === 0) return;
      const step = progress.step('sharing units', 'files');
      try {
        if (pack !== undefined && packPath !== undefined && pack !== this.#known?.pack) {
          await store.create(this.#packKey(pack), fileContent(packPath), { signal });
        }
        let done = 0;
        await workOnAll(missing, AT_A_TIME, async (path) => {
          const file = join(paths.root, path);
          if (existsSync(file)) await store.create(`${PREFIX}/${path}`, fileContent(file), { signal });
          step.update((done += 1), missing.length);
        });
        // Lost to another build of the same app: its list is as good.
        if (!isSame)
          await store.replace(this.#listKey(), canonicalJson(list), { signal, expectedTag: this.#listTag });
      } finally {
        step.end();
      }
    });
  }

  async #readList(): Promise<SharedList | undefined> {
    const { store, signal } = this.#options;
    const found = await store.readSmall(this.#listKey(), { bytesMax: LIST_BYTES_MAX, signal });
    if (typeof found !== 'object') return undefined;
    this.#listTag = found.tag;
    try {
      return listShape(JSON.parse(found.bytes.toString('utf8')), '');
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error;
      throw new SalverError('E_CACHE_DAMAGED', `the shared cache has a damaged list: ${error.message}`);
    }
  }

  #fetchUnitFile(path: string): Promise<boolean> {
    const target = join(this.#options.paths.root, path);
    return this.#fetchFile(`${PREFIX}/${path}`, target, (file) => isGenuine(file, path));
  }

  #fetchPack(digest: string, target: string): Promise<boolean> {
    return this.#fetchFile(this.#packKey(digest), target, (file) => hashOf(file) === digest);
  }

  /** Gives an object its name in the cache once it was checked; false when the store has none. */
  async #fetchFile(key: string, target: string, isSound: (file: string) => boolean): Promise<boolean> {
    const temporary = temporaryPath(this.#options.paths.tmp);
    try {
      if (!(await this.#download(key, temporary))) return false;
      if (!isSound(temporary)) throw new SalverError('E_CACHE_DAMAGED', `${key} is not what its digests say`);
      publishFile(temporary, target);
      return true;
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** False when the store has no such object. */
  async #download(key: string, path: string): Promise<boolean> {
    const { store, signal } = this.#options;
    const range = { offset: 0, length: FILE_BYTES_MAX, signal };
    const answer = await store.readRange(key, range).catch((error: unknown) => {
      if (isSalverError(error, 'E_OBJECT_NOT_FOUND')) return undefined;
      throw error;
    });
    if (answer === undefined) return false;
    const fd = openSync(path, 'wx', 0o644);
    try {
      for await (const piece of answer.body) writeFully(fd, piece);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  #packKey(digest: string): string {
    return `${PREFIX}/packs/${this.#options.form}/${digest}`;
  }

  #listKey(): string {
    return `${PREFIX}/lists/${this.#options.form}/${spreadKey(this.#options.app)}.json`;
  }

  /** A shared cache is a help: when it fails once it is left alone, and the build goes on. */
  async #tolerating<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#isBroken) return undefined;
    try {
      return await work();
    } catch (error) {
      if (!isSalverError(error) || error.code === 'E_INTERRUPTED') throw error;
      // Who may only read shares nothing: that is how untrusted builds are kept from writing.
      if (error.code === 'E_STORE_READ_ONLY') return undefined;
      if (error.code !== 'E_CACHE_DAMAGED') this.#isBroken = true;
      this.#options.progress.warn(`the shared cache is not used: ${error.message} [${error.code}]`);
      return undefined;
    }
  }
}

/** Path of a unit file below the cache, as it is shared. */
export function sharedUnitPath(paths: CachePaths, file: string): string {
  return relative(paths.root, file);
}

/** Does every member of the unit have the raw bytes that the record states, and the record the key of its name? */
function isGenuine(file: string, path: string): boolean {
  try {
    const unit = readUnitFile(file)?.record;
    if (unit === undefined || !path.endsWith(spreadKey(unit.key))) return false;
    unit.members.forEach(({ rawBytes, rawDigest, storedBytes, storedCrc32 }, index) => {
      const stored = readStoredMember(file, unit, index);
      decodeMember(stored, { row: [rawBytes, rawDigest], layout: [storedBytes, storedCrc32] });
    });
    return true;
  } catch (error) {
    if (isSalverError(error) || error instanceof SyntaxError) return false;
    throw error;
  }
}

function hashOf(path: string): string {
  return hashFile(path, ['sha256']).get('sha256') ?? '';
}

/** Read twice: once for the digest that is announced. */
function fileContent(path: string): ObjectContent {
  return {
    sizeBytes: statSync(path).size,
    sha256: hashOf(path),
    open: () => createReadStream(path) as AsyncIterable<Uint8Array>,
    contentType: 'application/octet-stream',
  };
}
