// One finished unit in one file:
//
//   compressed members, one after the other | record (JSON) | seal
//
// The record has the key, the facts and a row per member; the seal (fixed length) has the record's sha256 and
// length. The record comes last so that a unit of any size is written in one pass with bounded memory, and so that
// a file that was cut off is recognised at once. A reader takes the end of the file, which for most units
// is the whole file: one open and one read.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { SalverError, errnoOf, sha256Hex } from '@salver/core';
import type { FinishedMember, UnitFacts } from '@salver/core';
import { readFully } from './file-io.js';

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

const MAGIC = 'salver-unit-1';
const LENGTH_DIGITS = 10;
const SEAL_BYTES = 64 + 1 + LENGTH_DIGITS + 1 + MAGIC.length + 1;
const SEAL_PATTERN = /^([0-9a-f]{64}) ([0-9]{10}) salver-unit-1\n$/;
/** A file up to this size is read at once, members included. */
const WHOLE_READ_BYTES = 32 * 1024;
/** Of a larger one the end is read at first: most records fit, and the members are only read when they are copied. */
const END_READ_BYTES = 4 * 1024;
const RECORD_BYTES_MAX = 64 * 1024 * 1024;
/** Members are copied in pieces of about this size; a larger member is one of its own. */
const PIECE_BYTES_MAX = 1024 * 1024;

/** Record and seal, to be written after the members. */
export function encodeUnitEnd(record: UnitRecord): Buffer {
  const rows = record.members.map((m) => [m.rawBytes, m.rawDigest, m.storedBytes, m.storedCrc32]);
  const json = Buffer.from(JSON.stringify({ key: record.key, facts: record.facts, members: rows }), 'utf8');
  const length = String(json.length).padStart(LENGTH_DIGITS, '0');
  return Buffer.concat([json, Buffer.from(`${sha256Hex(json)} ${length} ${MAGIC}\n`, 'latin1')]);
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
    const tail = readTail(fd, size);
    if (tail === undefined) return undefined;
    const record = parseRecord(tail.json);
    const memberBytes = record.members.reduce((sum, member) => sum + member.storedBytes, 0);
    return memberBytes === tail.memberBytes ? { record, content: tail.content, mtimeMs } : undefined;
  } finally {
    closeSync(fd);
  }
}

interface Tail {
  readonly json: Buffer;
  readonly memberBytes: number;
  readonly content: Buffer | undefined;
}

function readTail(fd: number, fileBytes: number): Tail | undefined {
  const windowBytes = fileBytes <= WHOLE_READ_BYTES ? fileBytes : END_READ_BYTES;
  const window = firstRead.subarray(0, windowBytes);
  if (windowBytes < SEAL_BYTES || readFully(fd, window, fileBytes - windowBytes) < windowBytes)
    return undefined;
  const seal = SEAL_PATTERN.exec(window.toString('latin1', windowBytes - SEAL_BYTES));
  const jsonBytes = Number(seal?.[2] ?? -1);
  const memberBytes = fileBytes - SEAL_BYTES - jsonBytes;
  if (seal === null || jsonBytes < 0 || jsonBytes > RECORD_BYTES_MAX || memberBytes < 0) return undefined;
  let json: Buffer;
  if (jsonBytes + SEAL_BYTES <= windowBytes) {
    json = window.subarray(windowBytes - SEAL_BYTES - jsonBytes, windowBytes - SEAL_BYTES);
  } else {
    json = Buffer.allocUnsafe(jsonBytes);
    if (readFully(fd, json, memberBytes) < jsonBytes) return undefined;
  }
  if (sha256Hex(json) !== seal[1]) return undefined;
  // The window is used again for the next file: what is kept must be a copy.
  const content = windowBytes === fileBytes ? Buffer.from(window.subarray(0, memberBytes)) : undefined;
  return { json, memberBytes, content };
}

interface RawRecord {
  readonly key: string;
  readonly facts: UnitFacts;
  readonly members: readonly (readonly [number, string, number, number])[];
}

/** The seal fits, so the JSON is what this program wrote. */
function parseRecord(json: Buffer): UnitRecord {
  const raw = JSON.parse(json.toString('utf8')) as RawRecord;
  const members = raw.members.map(([rawBytes, rawDigest, storedBytes, storedCrc32]) => ({
    rawBytes,
    rawDigest,
    storedBytes,
    storedCrc32,
  }));
  return { key: raw.key, facts: raw.facts, members };
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
      const bytes = run.reduce((sum, member) => sum + member.storedBytes, 0);
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
  const position = unit.members.slice(0, index).reduce((sum, before) => sum + before.storedBytes, 0);
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
