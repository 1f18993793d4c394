// From a package's tarball to the entries of its unit, without touching disk: paths below the install
// location, one directory entry each, bins made executable as npm's linking does.
import type { PackEntry } from '@salver/core';
import { directoryEntry, pathProblem } from '@salver/core';
import type { PackageFacts, ScriptedPackage } from './package-facts.js';
import { scriptedPackage } from './package-facts.js';
import type { TarBytes } from './tar-bytes.js';
import type { TarballFile } from './tarball-reader.js';

export interface TranscodeInput {
  /** Where the package is installed: `node_modules/a`. */
  readonly location: string;
  readonly files: readonly TarballFile[];
  readonly tar: TarBytes;
  /** Bin targets that are linked, relative to the package; those of bundled packages included. */
  readonly bins: ReadonlySet<string>;
  /** More files that npm makes executable, without touching their first line. */
  readonly executables: ReadonlySet<string>;
  /** Paths inside the package that other units or links take: neither they nor what is below is packed. */
  readonly excluded: ReadonlySet<string>;
}

export interface TranscodedPackage {
  readonly entries: readonly PackEntry[];
  readonly facts: PackageFacts;
}

/** The entries of a package. They read from `input.tar`, which must stay open until they are packed. */
export function transcodePackage(input: TranscodeInput): TranscodedPackage {
  const unpackable: string[] = [];
  const files = input.files.filter(({ path }) => {
    if (isExcluded(path, input.excluded)) return false;
    if (pathProblem(`${input.location}/${path}`) === undefined) return true;
    unpackable.push(path);
    return false;
  });
  const entries: PackEntry[] = [];
  for (const directory of directoriesOf(files)) {
    entries.push(directoryEntry(directory === '' ? input.location : `${input.location}/${directory}`));
  }
  for (const file of files) {
    const path = `${input.location}/${file.path}`;
    entries.push(input.bins.has(file.path) ? binEntry(path, file, input.tar) : plainEntry(path, file, input));
  }
  return { entries, facts: { ...factsOf(files, input), unpackable } };
}

function isExcluded(path: string, excluded: ReadonlySet<string>): boolean {
  if (excluded.size === 0) return false;
  for (let slash = path.length; slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    if (excluded.has(path.slice(0, slash))) return true;
  }
  return false;
}

/** All directories that hold these files, the package's own (empty) first. */
function directoriesOf(files: readonly TarballFile[]): ReadonlySet<string> {
  const directories = new Set(['']);
  for (const { path } of files) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const directory = path.slice(0, slash);
      if (directories.has(directory)) break;
      directories.add(directory);
    }
  }
  return directories;
}

function plainEntry(path: string, file: TarballFile, { executables, tar }: TranscodeInput): PackEntry {
  const entry = fileEntry(path, file, tar);
  return executables.has(file.path) ? { ...entry, executable: true } : entry;
}

function fileEntry(path: string, file: TarballFile, tar: TarBytes): PackEntry {
  return {
    path,
    kind: 'file',
    executable: file.executable,
    sizeBytes: file.sizeBytes,
    linkTarget: '',
    readSync: (offset, length) => tar.readSync(file.offset + offset, clamp(length, file.sizeBytes - offset)),
  };
}

/** npm looks this far for the end of the first line. */
const HASHBANG_BYTES_MAX = 2048;

/**
 * A bin: executable, and a first line `#!…\r\n` loses its carriage return, for a kernel would look for
 * an interpreter whose name ends with one.
 */
function binEntry(path: string, file: TarballFile, tar: TarBytes): PackEntry {
  const whole = { ...fileEntry(path, file, tar), executable: true };
  const head = Buffer.from(whole.readSync(0, Math.min(HASHBANG_BYTES_MAX, file.sizeBytes)));
  const match = /^#![^\n]+\r\n/.exec(head.toString('latin1'));
  if (match === null) return whole;
  const cut = match[0].length - 2;
  const sizeBytes = file.sizeBytes - 1;
  const readSync = (offset: number, length: number): Uint8Array => {
    const end = Math.min(offset + length, sizeBytes);
    if (offset >= cut) return whole.readSync(offset + 1, end - offset);
    if (end <= cut) return whole.readSync(offset, end - offset);
    return Buffer.concat([whole.readSync(offset, cut - offset), whole.readSync(cut + 1, end - cut)]);
  };
  return { ...whole, sizeBytes, readSync };
}

function clamp(length: number, bytesLeft: number): number {
  return Math.max(0, Math.min(length, bytesLeft));
}

/** `node_modules/a` or `node_modules/@s/a` at the end of a directory's path. */
const PACKAGE_DIRECTORY = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@.][^/]*$/;
const IN_BIN_DIRECTORY = /(?:^|\/)node_modules\/\.bin\/[^/]+$/;

function factsOf(files: readonly TarballFile[], input: TranscodeInput): Omit<PackageFacts, 'unpackable'> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const scripted: ScriptedPackage[] = [];
  const nestedPaths: string[] = [];
  for (const file of files) if (IN_BIN_DIRECTORY.test(file.path)) nestedPaths.push(file.path);
  for (const directory of directoriesOf(files)) {
    if (directory !== '' && !PACKAGE_DIRECTORY.test(directory)) continue;
    if (directory !== '') nestedPaths.push(directory);
    const prefix = directory === '' ? '' : `${directory}/`;
    const manifest = readJson(byPath.get(`${prefix}package.json`), input.tar);
    const found = scriptedPackage(directory, manifest, byPath.has(`${prefix}binding.gyp`));
    if (found !== undefined) scripted.push(found);
  }
  const missingBins = [...input.bins].filter((path) => !byPath.has(path) && !isDirectory(path, files));
  return { scripted, nestedPaths, missingBins };
}

function isDirectory(path: string, files: readonly TarballFile[]): boolean {
  return files.some((file) => file.path.startsWith(`${path}/`));
}

/** A package.json larger than this is not read for scripts. */
const MANIFEST_BYTES_MAX = 8 * 1024 * 1024;

/** The parsed file; undefined when absent or broken, which npm takes as "no scripts" too. */
function readJson(file: TarballFile | undefined, tar: TarBytes): unknown {
  if (file === undefined || file.sizeBytes > MANIFEST_BYTES_MAX) return undefined;
  try {
    const text = Buffer.from(tar.readSync(file.offset, file.sizeBytes)).toString('utf8');
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
