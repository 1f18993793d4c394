// A wheel, opened and believed: its name, its dist-info and its RECORD agree with each other and with every file in it
// (binary distribution format in the packaging specifications). pip checks none of this; a release must.
import { createHash } from 'node:crypto';
import { SalverError, pathProblem, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import { parseCsv } from './csv.js';
import { parseVersion, compareVersions } from './version.js';
import { parseWheelName } from './wheel-name.js';
import { ZipDamage, ZipReader } from './zip-reader.js';
import type { ZipEntry } from './zip-reader.js';

export interface WheelFile {
  /** As in the archive. */
  readonly path: string;
  readonly executable: boolean;
  readonly sizeBytes: number;
}

/** A wheel while it is open. */
export interface WheelArchive {
  /** `django-5.2.19.dist-info`. */
  readonly distInfo: string;
  /** `django-5.2.19.data`, where what does not go into site-packages lies. */
  readonly dataDirectory: string;
  /** Without RECORD and signatures of it, sorted as in the archive. */
  readonly files: readonly WheelFile[];
  /** The bytes of a file, checked against RECORD. Throws E_WHEEL_DAMAGED. */
  read(path: string): Buffer;
}

interface RecordRow {
  readonly algorithm: string;
  readonly digest: string;
  readonly sizeBytes: number | undefined;
}

const HASHES: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);
const SYMLINK_MODE = 0o120000;
const TYPE_MASK = 0o170000;
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens a wheel for the time of `work`. `fileName` is the name it was published under. Throws E_WHEEL_DAMAGED for
 * everything that is not as it should be.
 */
export async function withWheel<T>(
  path: string,
  fileName: string,
  work: (wheel: WheelArchive) => Promise<T>,
): Promise<T> {
  const zip = guarded(fileName, () => new ZipReader(path));
  try {
    return await work(openWheel(zip, fileName));
  } finally {
    zip.close();
  }
}

function openWheel(zip: ZipReader, fileName: string): WheelArchive {
  const entries = indexEntries(zip, fileName);
  const readEntry = (path: string): Buffer => {
    const entry = entries.get(path);
    if (entry === undefined) throw wheelDamaged(fileName, `it has no ${printable(path)}`);
    return guarded(fileName, () => zip.read(entry));
  };
  const readText = (path: string): string => {
    if ((entries.get(path)?.sizeBytes ?? 0) > TEXT_BYTES_MAX)
      throw wheelDamaged(fileName, `${path} is too large`);
    return readEntry(path).toString('utf8');
  };
  const distInfo = findDistInfo(entries, fileName);
  checkWheelVersion(readText(`${distInfo}/WHEEL`), fileName);
  const unlisted = ['RECORD', 'RECORD.jws', 'RECORD.p7s'].map((name) => `${distInfo}/${name}`);
  const record = readRecord(readText(`${distInfo}/RECORD`), unlisted, fileName);
  const files = [...entries.values()].filter(({ name }) => !unlisted.includes(name));
  for (const { name } of files) {
    if (record.get(name) === undefined)
      throw wheelDamaged(fileName, `${printable(name)} is not in its RECORD`);
  }
  for (const path of record.keys()) {
    if (!entries.has(path))
      throw wheelDamaged(fileName, `its RECORD names ${printable(path)}, which is not there`);
  }
  return {
    distInfo,
    dataDirectory: distInfo.replace(/\.dist-info$/, '.data'),
    files: files.map((entry) => ({
      path: entry.name,
      executable: (entry.mode & 0o111) !== 0,
      sizeBytes: entry.sizeBytes,
    })),
    read: (path) => {
      const bytes = readEntry(path);
      checkRow(bytes, record.get(path), { fileName, path });
      return bytes;
    },
  };
}

function indexEntries(zip: ZipReader, fileName: string): ReadonlyMap<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  const folded = new Set<string>();
  for (const entry of zip.entries) {
    if (entry.isDirectory) continue;
    const problem = pathProblem(entry.name);
    if (problem !== undefined)
      throw wheelDamaged(fileName, `the path ${printable(entry.name)} is refused: ${problem}`);
    if ((entry.mode & TYPE_MASK) === SYMLINK_MODE) {
      throw wheelDamaged(fileName, `${printable(entry.name)} is a link, which no wheel may hold`);
    }
    const key = entry.name.normalize('NFC').toLowerCase();
    if (folded.has(key)) throw wheelDamaged(fileName, `${printable(entry.name)} is there twice`);
    folded.add(key);
    entries.set(entry.name, entry);
  }
  return entries;
}

/** Exactly one, and of the project and version that the file's name says. */
function findDistInfo(entries: ReadonlyMap<string, ZipEntry>, fileName: string): string {
  const found = [...entries.keys()].filter((path) => /^[^/]+\.dist-info\/WHEEL$/.test(path));
  const [path] = found;
  if (path === undefined || found.length > 1) {
    throw wheelDamaged(
      fileName,
      found.length === 0 ? 'it has no dist-info' : 'it has more than one dist-info',
    );
  }
  const directory = path.slice(0, path.indexOf('/'));
  const [, name = '', version = ''] = /^(.+)-([^-]+)\.dist-info$/.exec(directory) ?? [];
  const expected = parseWheelName(fileName);
  if (expected === undefined) throw wheelDamaged(fileName, 'its name is not that of a wheel');
  if (canonicalName(name) !== expected.name || !isSameVersion(version, expected.version)) {
    throw wheelDamaged(fileName, `its dist-info is that of ${printable(directory)}`);
  }
  return directory;
}

function isSameVersion(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => parseVersion(text.replaceAll('_', '-')));
  return left === undefined || right === undefined ? a === b : compareVersions(left, right) === 0;
}

function checkWheelVersion(text: string, fileName: string): void {
  const version = /^Wheel-Version:\s*([0-9]+)\.[0-9]+\s*$/im.exec(text)?.[1];
  if (version === '1') return;
  throw wheelDamaged(fileName, `its Wheel-Version is ${version === undefined ? 'missing' : 'not 1.x'}`);
}

/** Rows by path, without those of `unlisted`: a RECORD cannot hold its own hash. One that is vendored has a row like any file. */
function readRecord(
  text: string,
  unlisted: readonly string[],
  fileName: string,
): ReadonlyMap<string, RecordRow> {
  const rows = new Map<string, RecordRow>();
  for (const [path = '', hash = '', size = ''] of parseCsv(text)) {
    if (unlisted.includes(path)) continue;
    const [algorithm = '', digest = ''] = splitOnce(hash, '=');
    if (!HASHES.has(algorithm) || digest === '')
      throw wheelDamaged(fileName, `its RECORD has no usable hash for ${printable(path)}`);
    if (rows.has(path)) throw wheelDamaged(fileName, `its RECORD names ${printable(path)} twice`);
    rows.set(path, { algorithm, digest, sizeBytes: size === '' ? undefined : Number(size) });
  }
  return rows;
}

function checkRow(
  bytes: Buffer,
  row: RecordRow | undefined,
  { fileName, path }: { readonly fileName: string; readonly path: string },
): void {
  const digest = row === undefined ? '' : createHash(row.algorithm).update(bytes).digest('base64url');
  const isRight = row !== undefined && digest === row.digest.replace(/=+$/, '');
  if (isRight && (row.sizeBytes === undefined || row.sizeBytes === bytes.length)) return;
  throw wheelDamaged(fileName, `${printable(path)} is not what its RECORD says`);
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function guarded<T>(fileName: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ZipDamage)) throw error;
    throw wheelDamaged(fileName, error.message);
  }
}

/** E_WHEEL_DAMAGED. */
export function wheelDamaged(fileName: string, why: string): SalverError {
  return new SalverError('E_WHEEL_DAMAGED', `the wheel ${printable(fileName)} is refused: ${why}`, {
    hint: 'the file is as its author published it: report it there, and lock another version meanwhile',
    facts: { fileName: printable(fileName) },
  });
}
