// Finished units in the cache: find, store, copy. The warm path of a build is `find` and `copySync` of every
// unit and nothing else, so both avoid work: one file for all small units of the app (unit-pack.ts), or else one
// open and one read per unit, and no parsing but the record.
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, formatTarget, isSalverError } from '@salver/core';
import type { FinishedUnit, PackEntry, Progress, Target, ReadableUnit } from '@salver/core';
import { discardDamaged, publishFile, touch } from './cache-files.js';
import { spreadKey, storedForm } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { codedFileError } from './coded-file-error.js';
import { writeFully } from './file-io.js';
import { packUnit } from './pack-unit.js';
import { temporaryPath } from './temp-space.js';
import { copyHeldMembers, copyMembers, encodeUnitEnd, openUnitFile, readStoredMember } from './unit-file.js';
import type { OpenedUnit } from './unit-file.js';
import { UnitPack, isPackable, writePack } from './unit-pack.js';

/** Member bytes that came along with records and are kept for copying, over all units. */
const HELD_BYTES_MAX = 32 * 1024 * 1024;

export interface UnitStoreOptions {
  readonly paths: CachePaths;
  /** Needs are measured for it, so each target has its own entries. */
  readonly target: Target;
  readonly progress: Progress;
  /** The app whose pack is looked into first. Absent: none. */
  readonly app?: string | undefined;
}

/** Fewer units than these from files of their own do not pay for writing a pack again. */
const LOOSE_UNITS_MIN = 32;

export class UnitStore {
  readonly #paths: CachePaths;
  readonly #directory: string;
  /** `<form>-<target>`: units of another form are of no use. */
  readonly form: string;
  readonly #target: Target;
  readonly #progress: Progress;
  /** Where the app's pack lies. */
  readonly #packPath: string | undefined;
  /** Opened when the first unit is asked for. */
  #pack: UnitPack | 'unopened' | undefined;
  readonly #loose = new Set<string>();
  /** Keys of units that lie in the pack. */
  #packed: ReadonlySet<string> = new Set();
  #heldBytes = 0;

  constructor(options: UnitStoreOptions) {
    this.#paths = options.paths;
    this.#target = options.target;
    this.#progress = options.progress;
    const form = `${storedForm()}-${formatTarget(options.target)}`;
    this.form = form;
    this.#directory = join(options.paths.units, form);
    this.#packPath =
      options.app === undefined ? undefined : join(options.paths.packs, form, spreadKey(options.app));
    this.#pack = this.#packPath === undefined ? undefined : 'unopened';
  }

  /** The unit stored under `key`, or undefined. A damaged entry is removed and reported. */
  find(key: string): ReadableUnit | undefined {
    return this.#openPack()?.find(key) ?? this.#findLoose(key);
  }

  #findLoose(key: string): ReadableUnit | undefined {
    const path = this.pathOf(key);
    let opened: OpenedUnit | 'damaged' | undefined;
    try {
      opened = openUnitFile(path, key);
    } catch (error) {
      throw fileSystemError(error, `cannot read the cache at ${path}`);
    }
    if (opened === undefined) return undefined;
    if (opened === 'damaged') {
      discardDamaged(path, key, this.#progress);
      return undefined;
    }
    touch(path, opened.mtimeMs);
    return this.#finishedUnit(path, opened);
  }

  /** Packs and stores a unit. Throws E_PATH_UNSAFE, E_DISK_FULL, E_FILE_SYSTEM and what reading entries throws. */
  async store(
    key: string,
    entries: readonly PackEntry[],
    extra?: Readonly<Record<string, unknown>>,
  ): Promise<ReadableUnit> {
    const temporary = temporaryPath(this.#paths.tmp);
    const path = this.pathOf(key);
    try {
      const fd = openSync(temporary, 'wx', 0o644);
      try {
        const { facts, members } = await packUnit(entries, {
          target: this.#target,
          ...(extra === undefined ? {} : { extra }),
          onMember: (member) => writeFully(fd, member.stored),
        });
        writeFully(fd, encodeUnitEnd({ key, facts, members }));
        publishFile(temporary, path);
        return this.#finishedUnit(path, { record: { key, facts, members }, content: undefined });
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      rmSync(temporary, { force: true });
      throw codedFileError(error, `cannot write to the cache at ${this.#paths.root}`);
    }
  }

  /**
   * Keeps the small ones of `units`, those of a finished build, together for the next build of the app, unless most
   * are already. A cache that cannot be written is reported and nothing else: the build is done.
   */
  keepTogether(units: readonly FinishedUnit[]): void {
    const small = units.filter(isPackable);
    const loose = small.filter(({ key }) => this.#loose.has(key));
    if (this.#packPath === undefined || loose.length < LOOSE_UNITS_MIN) return;
    try {
      writePack(this.#packPath, small, this.#paths.tmp);
      this.#packed = new Set(small.map(({ key }) => key));
    } catch (error) {
      this.#progress.warn(fileSystemError(error, `cannot write to the cache at ${this.#paths.root}`).message);
    }
  }

  /** What this build has used: files of units, and the pack that holds the others. */
  get used(): { readonly files: readonly string[]; readonly pack: string | undefined } {
    const files = [...this.#loose].filter((key) => !this.#packed.has(key)).map((key) => this.pathOf(key));
    return { files, pack: this.#packPath };
  }

  /** Ends reading: units found in the pack can be copied no more. */
  close(): void {
    if (this.#pack !== undefined && this.#pack !== 'unopened') this.#pack.close();
    this.#pack = undefined;
  }

  #openPack(): UnitPack | undefined {
    const path = this.#packPath;
    if (path === undefined || this.#pack !== 'unopened') return this.#pack as UnitPack | undefined;
    try {
      this.#pack = UnitPack.open(path, () => discardDamaged(path, 'the units of this app', this.#progress));
    } catch (error) {
      throw fileSystemError(error, `cannot read the cache at ${path}`);
    }
    return this.#pack;
  }

  #finishedUnit(path: string, opened: Pick<OpenedUnit, 'record' | 'content'>): ReadableUnit {
    const { record } = opened;
    this.#loose.add(record.key);
    const content = this.#mayHold(opened.content) ? opened.content : undefined;
    return {
      key: record.key,
      facts: record.facts,
      members: record.members,
      copySync: (write) => {
        this.#discardingDamage(path, record.key, () => {
          if (content === undefined) copyMembers(path, record, write);
          else copyHeldMembers(content, record, write);
        });
      },
      readMemberSync: (index) =>
        this.#discardingDamage(path, record.key, () => readStoredMember(path, record, index)),
    };
  }

  #discardingDamage<T>(path: string, key: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isSalverError(error, 'E_CACHE_DAMAGED')) discardDamaged(path, key, this.#progress);
      throw error;
    }
  }

  #mayHold(content: Buffer | undefined): boolean {
    if (content === undefined || this.#heldBytes + content.length > HELD_BYTES_MAX) return false;
    this.#heldBytes += content.length;
    return true;
  }

  /** Where the file of a unit lies, if it is there. */
  pathOf(key: string): string {
    return join(this.#directory, spreadKey(key));
  }
}
