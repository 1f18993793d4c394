// One finished unit in one file: its compressed members one after the other, then a record and a seal
// (sealed-end.ts). The record has the key, the facts and a row per member. A reader takes the end of the file, which
// for most units is the whole file: one open and one read.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { SalverError, errnoOf } from '@salver/core';
import type { FinishedMember, UnitFacts } from '@salver/core';
import { readFully } from './file-io.js';
import { encodeSealedEnd, readSealedEnd } from './sealed-end.js';

/** What the record says. */
export interface UnitRecord {
  readonly key: string;
  readonly facts: UnitFacts;
  readonly members: readonly FinishedMember[];
}

/** A unit file whose record has been checked. */
export interface OpenedUnit {
  readonly record: UnitRecord;
  /** All member bytes, when they came along with the record. */
  readonly content: Buffer | undefined;
  readonly mtimeMs: number;
}

/** A file up to this size is read at once, members included. */
const WHOLE_READ_BYTES = 32 * 1024;
/** Of a larger one the end is read at first: most records fit, and the members are only read when they are copied. */
const END_READ_BYTES = 4 * 1024;
/** Members are copied in pieces of about this size; a larger member is one of its own. */
const PIECE_BYTES_MAX = 1024 * 1024;

/** A unit as it stands in a record. */
export interface UnitRow {
  readonly key: string;
  readonly facts: UnitFacts;
  readonly members: readonly (readonly [
    rawBytes: number,
    rawDigest: string,
    storedBytes: number,
    storedCrc32: number,
  ])[];
}

export function toUnitRow({ key, facts, members }: UnitRecord): UnitRow {
  const rows = members.map((m) => [m.rawBytes, m.rawDigest, m.storedBytes, m.storedCrc32] as const);
  return { key, facts, members: rows };
}

/** A sealed row is what this program wrote: nothing to check. */
export function fromUnitRow({ key, facts, members }: UnitRow): UnitRecord {
  return {
    key,
    facts,
    members: members.map(([rawBytes, rawDigest, storedBytes, storedCrc32]) => ({
      rawBytes,
      rawDigest,
      storedBytes,
      storedCrc32,
    })),
  };
}

/** Bytes of a unit's members. */
export function storedBytesOf(members: readonly FinishedMember[]): number {
  return members.reduce((sum, member) => sum + member.storedBytes, 0);
}

/** Record and seal, to be written after the members. */
export function encodeUnitEnd(record: UnitRecord): Buffer {
  return encodeSealedEnd(toUnitRow(record));
}

const firstRead = Buffer.allocUnsafe(WHOLE_READ_BYTES);

/** Opens a unit file. Returns undefined when there is none, `damaged` when it is not what was stored under `key`. */
export function openUnitFile(path: string, key: string): OpenedUnit | 'damaged' | undefined {
  try {
    const opened = readUnitFile(path);
    return opened?.record.key === key ? opened : 'damaged';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The record of a unit file, or undefined when it is damaged. Throws system errors as they are. */
export function readUnitFile(path: string): OpenedUnit | undefined {
  const fd = openSync(path, 'r');
  try {
    const { size, mtimeMs } = fstatSync(fd);
    // A small file is read whole, members included.
    const window = firstRead.subarray(0, size <= WHOLE_READ_BYTES ? size : END_READ_BYTES);
    const end = readSealedEnd(fd, size, window);
    if (end === undefined) return undefined;
    const record = fromUnitRow(JSON.parse(end.json.toString('utf8')) as UnitRow);
    if (storedBytesOf(record.members) !== end.contentBytes) return undefined;
    // The window is used again for the next file: what is kept must be a copy.
    const content = window.length === size ? Buffer.from(window.subarray(0, end.contentBytes)) : undefined;
    return { record, content, mtimeMs };
  } finally {
    closeSync(fd);
  }
}

/** Hands over the members held in memory, checked. Throws E_CACHE_DAMAGED. */
export function copyHeldMembers(content: Buffer, unit: UnitRecord, write: (piece: Uint8Array) => void): void {
  let position = 0;
  for (const member of unit.members) {
    const stored = content.subarray(position, position + member.storedBytes);
    if (crc32(stored) !== member.storedCrc32) throw damaged(unit.key);
    position += member.storedBytes;
  }
  write(content);
}

/** Hands over the members from the file, checked, in bounded pieces. Throws E_CACHE_DAMAGED. */
export function copyMembers(path: string, unit: UnitRecord, write: (piece: Uint8Array) => void): void {
  const fd = openForCopy(path, unit.key);
  try {
    let position = 0;
    for (const run of runsOf(unit.members)) {
      const bytes = storedBytesOf(run);
      const piece = Buffer.allocUnsafe(bytes);
      if (readFully(fd, piece, position) < bytes) throw damaged(unit.key);
      copyHeldMembers(piece, { ...unit, members: run }, write);
      position += bytes;
    }
  } finally {
    closeSync(fd);
  }
}

/** The stored bytes of one member from the file, checked. Throws E_CACHE_DAMAGED. */
export function readStoredMember(path: string, unit: UnitRecord, index: number): Buffer {
  const member = unit.members[index];
  if (member === undefined) throw new RangeError(`unit ${unit.key} has no member ${index}`);
  const position = storedBytesOf(unit.members.slice(0, index));
  const fd = openForCopy(path, unit.key);
  try {
    const stored = Buffer.allocUnsafe(member.storedBytes);
    if (readFully(fd, stored, position) < stored.length || crc32(stored) !== member.storedCrc32) {
      throw damaged(unit.key);
    }
    return stored;
  } finally {
    closeSync(fd);
  }
}

/** Consecutive members that fit into one piece. */
function* runsOf(members: readonly FinishedMember[]): Generator<readonly FinishedMember[]> {
  let run: FinishedMember[] = [];
  let held = 0;
  for (const member of members) {
    if (run.length > 0 && held + member.storedBytes > PIECE_BYTES_MAX) {
      yield run;
      run = [];
      held = 0;
    }
    run.push(member);
    held += member.storedBytes;
  }
  if (run.length > 0) yield run;
}

/** An entry that went away after it was found (pruned meanwhile) is treated like a damaged one: made again. */
function openForCopy(path: string, key: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw damaged(key);
    throw error;
  }
}

export function damaged(what: string): SalverError {
  return new SalverError('E_CACHE_DAMAGED', `the cache entry of ${what} is damaged`, {
    hint: 'run the command again: the entry was removed and is made anew; if this repeats, check the disk',
    facts: { entry: what },
  });
}
