// Finished units in the cache: find, store, copy. The warm path of a build is `find` and `copySync` of every
// unit and nothing else, so both avoid work: one open and one read per unit, no parsing but the record.
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, formatTarget, isSalverError } from '@salver/core';
import type { PackEntry, Progress, Target } from '@salver/core';
import { discardDamaged, publishFile, touch } from './cache-files.js';
import { spreadKey, storedForm } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { codedFileError } from './coded-file-error.js';
import { writeFully } from './file-io.js';
import { packUnit } from './pack-unit.js';
import type { ReadableUnit } from './read-unit.js';
import { temporaryPath } from './temp-space.js';
import { copyHeldMembers, copyMembers, encodeUnitEnd, openUnitFile, readStoredMember } from './unit-file.js';
import type { OpenedUnit } from './unit-file.js';

/** Member bytes that came along with records and are kept for copying, over all units. */
const HELD_BYTES_MAX = 32 * 1024 * 1024;

export interface UnitStoreOptions {
  readonly paths: CachePaths;
  /** Needs are measured for it, so each target has its own entries. */
  readonly target: Target;
  readonly progress: Progress;
}

export class UnitStore {
  readonly #paths: CachePaths;
  readonly #directory: string;
  readonly #target: Target;
  readonly #progress: Progress;
  #heldBytes = 0;

  constructor(options: UnitStoreOptions) {
    this.#paths = options.paths;
    this.#target = options.target;
    this.#progress = options.progress;
    this.#directory = join(options.paths.units, `${storedForm()}-${formatTarget(options.target)}`);
  }

  /** The unit stored under `key`, or undefined. A damaged entry is removed and reported. */
  find(key: string): ReadableUnit | undefined {
    const path = this.#pathOf(key);
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
    const path = this.#pathOf(key);
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

  #finishedUnit(path: string, opened: Pick<OpenedUnit, 'record' | 'content'>): ReadableUnit {
    const { record } = opened;
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

  #pathOf(key: string): string {
    return join(this.#directory, spreadKey(key));
  }
}
