// The small finished units of one app in one file: what the next build of this app will most likely want, so
// that it opens and reads one file instead of some thousand. Form: members of all units in turn, then records and
// a seal (sealed-end.ts). A pack is a copy: without it, units come from files of their own.
import { closeSync, fstatSync, openSync, rmSync } from 'node:fs';
import { errnoOf, isSalverError } from '@salver/core';
import type { FinishedUnit, ReadableUnit } from '@salver/core';
import { publishFile, touch } from './cache-files.js';
import { readFully, writeFully } from './file-io.js';
import { encodeSealedEnd, readSealedEnd } from './sealed-end.js';
import { temporaryPath } from './temp-space.js';
import { copyHeldMembers, damaged, fromUnitRow, storedBytesOf, toUnitRow } from './unit-file.js';
import type { UnitRecord, UnitRow } from './unit-file.js';

/** A larger unit is not copied into packs: opening its own file costs nothing beside reading it. */
const PACKED_UNIT_BYTES_MAX = 1024 * 1024;
const END_READ_BYTES = 1024 * 1024;

/** True for units that a pack holds. */
export function isPackable(unit: FinishedUnit): boolean {
  return storedBytesOf(unit.members) <= PACKED_UNIT_BYTES_MAX;
}

/** Writes a pack. A crash leaves only a file in the cache's tmp/. Throws E_CACHE_DAMAGED and system errors. */
export function writePack(path: string, units: readonly FinishedUnit[], temporaryDirectory: string): void {
  const temporary = temporaryPath(temporaryDirectory);
  try {
    const fd = openSync(temporary, 'wx', 0o644);
    try {
      for (const unit of units) unit.copySync((piece) => writeFully(fd, piece));
      writeFully(fd, encodeSealedEnd({ units: units.map(toUnitRow) }));
    } finally {
      closeSync(fd);
    }
    publishFile(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A unit and where its members begin. */
interface PackedUnit {
  readonly row: UnitRow;
  readonly position: number;
}

/** An open pack. Its file may be replaced or removed meanwhile: this one reads on. */
export class UnitPack {
  readonly #fd: number;
  readonly #units = new Map<string, PackedUnit>();
  /** Units are mostly asked for in the order in which they lie: one read brings many. */
  readonly #window = Buffer.allocUnsafe(PACKED_UNIT_BYTES_MAX);
  #windowStart = 0;
  #windowBytes = 0;
  readonly #onDamage: () => void;

  private constructor(fd: number, rows: readonly UnitRow[], onDamage: () => void) {
    this.#fd = fd;
    this.#onDamage = onDamage;
    let position = 0;
    for (const row of rows) {
      this.#units.set(row.key, { row, position });
      for (const member of row.members) position += member[2];
    }
  }

  /** Undefined when there is none. `onDamage` is called when it is found damaged, now or later. Throws system errors. */
  static open(path: string, onDamage: () => void): UnitPack | undefined {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const { size, mtimeMs } = fstatSync(fd);
      const end = readSealedEnd(fd, size, Buffer.allocUnsafe(Math.min(size, END_READ_BYTES)));
      if (end !== undefined) {
        const { units } = JSON.parse(end.json.toString('utf8')) as { readonly units: readonly UnitRow[] };
        touch(path, mtimeMs);
        return new UnitPack(fd, units, onDamage);
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
    onDamage();
    return undefined;
  }

  find(key: string): ReadableUnit | undefined {
    const found = this.#units.get(key);
    if (found === undefined) return undefined;
    const record = fromUnitRow(found.row);
    return {
      ...record,
      copySync: (write) => this.#copy(record, found.position, write),
      readMemberSync: (index) => this.#readMember(record, found.position, index),
    };
  }

  /** True when every byte is as it was written. Throws system errors. */
  isIntact(): boolean {
    try {
      for (const { row, position } of this.#units.values()) {
        this.#copy(fromUnitRow(row), position, () => undefined);
      }
      return true;
    } catch (error) {
      if (isSalverError(error, 'E_CACHE_DAMAGED')) return false;
      throw error;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #copy(record: UnitRecord, position: number, write: (piece: Uint8Array) => void): void {
    this.#noticingDamage(() => {
      const bytes = this.#read(position, storedBytesOf(record.members), record.key);
      copyHeldMembers(bytes, record, write);
    });
  }

  #readMember(record: UnitRecord, position: number, index: number): Buffer {
    const member = record.members[index];
    if (member === undefined) throw new RangeError(`unit ${record.key} has no member ${index}`);
    const before = storedBytesOf(record.members.slice(0, index));
    return this.#noticingDamage(() => {
      const stored = Buffer.from(this.#read(position + before, member.storedBytes, record.key));
      copyHeldMembers(stored, { ...record, members: [member] }, () => undefined);
      return stored;
    });
  }

  /** Bytes of the window: valid until the next call. Throws E_CACHE_DAMAGED where the file ends too early. */
  #read(position: number, length: number, key: string): Buffer {
    const end = this.#windowStart + this.#windowBytes;
    if (position < this.#windowStart || position + length > end) {
      this.#windowStart = position;
      this.#windowBytes = readFully(this.#fd, this.#window, position);
      if (this.#windowBytes < length) throw damaged(key);
    }
    const from = position - this.#windowStart;
    return this.#window.subarray(from, from + length);
  }

  #noticingDamage<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isSalverError(error, 'E_CACHE_DAMAGED')) throw error;
      // From now on units come from files of their own.
      this.#units.clear();
      this.#onDamage();
      throw error;
    }
  }
}
