// Trees that are laid out once and used by many builds, such as a Python environment: a link to one replaces writing some
// thousand files. Nobody may write into them; that nobody has is seen by size, times and inode of everything in them.
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { errnoOf, fileSystemError, sha256Hex } from '@salver/core';
import { publishFile } from './cache-files.js';
import type { CachePaths } from './cache-paths.js';
import { openSealedText, sealText } from './sealed-text.js';
import { removeTree, temporaryPath } from './temp-space.js';

/** Path, size, modification and change time in milliseconds (with their fractions), inode, as `lstat` gives them. */
type Stamp = readonly [path: string, size: number, mtimeMs: number, ctimeMs: number, inode: number];

interface KeptFacts {
  readonly sizeBytes: number;
  readonly stamps: readonly Stamp[];
}

export interface KeepOptions {
  readonly paths: CachePaths;
  /** Holds the lock of the tree. */
  readonly withLock: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

/**
 * The tree of this key, made by `make` in a directory of its own when there is none, or when somebody has changed it.
 * Throws what `make` throws, E_FILE_SYSTEM, E_DISK_FULL.
 */
export async function keepTree(
  key: string,
  make: (directory: string) => Promise<void>,
  options: KeepOptions,
): Promise<string> {
  const { paths } = options;
  const place = join(paths.trees, sha256Hex(key).slice(0, 32));
  if (isWhole(place)) return place;
  return options.withLock(`tree:${place}`, async () => {
    if (isWhole(place)) return place;
    await remake(place, make, options);
    return place;
  });
}

/** Made under a temporary name; a crash before the facts are written leaves a tree that counts as none. */
async function remake(
  place: string,
  make: (directory: string) => Promise<void>,
  { paths }: KeepOptions,
): Promise<void> {
  const temporary = temporaryPath(paths.tmp);
  try {
    mkdirSync(temporary);
    await make(temporary);
    rmSync(factsPath(place), { force: true });
    await removeTree(place);
    mkdirSync(paths.trees, { recursive: true });
    renameSync(temporary, place);
    const facts = JSON.stringify(factsOf(place));
    const written = temporaryPath(paths.tmp);
    writeFileSync(written, sealText(facts));
    publishFile(written, factsPath(place));
  } catch (error) {
    await removeTree(temporary);
    throw fileSystemError(error, `cannot keep a tree at ${place}`);
  }
}

function factsPath(place: string): string {
  return `${place}.json`;
}

/** True when everything is as it was laid out; its use is noted then, so that pruning leaves it. */
function isWhole(place: string): boolean {
  if (!isKeptTreeIntact(place)) return false;
  const now = Date.now() / 1000;
  utimesSync(factsPath(place), now, now);
  return true;
}

/** Compares the tree with what was written down; the top itself too, so that nothing was added. */
export function isKeptTreeIntact(place: string): boolean {
  const facts = readFacts(place);
  return facts?.stamps.every((stamp) => isSame(stamp, stampOf(place, stamp[0]))) ?? false;
}

/** Size and last use of every kept tree. */
export function listKeptTrees(
  trees: string,
): readonly { readonly place: string; readonly sizeBytes: number; readonly lastUsedMs: number }[] {
  let names: readonly string[];
  try {
    names = readdirSync(trees).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileSystemError(error, `cannot read the cache at ${trees}`);
  }
  return names.map((name) => {
    const place = join(trees, name.slice(0, -'.json'.length));
    const lastUsedMs = lstatSync(join(trees, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return { place, sizeBytes: readFacts(place)?.sizeBytes ?? 0, lastUsedMs };
  });
}

/** Removes a kept tree, what says that it is whole first. */
export function removeKeptTree(place: string): void {
  rmSync(factsPath(place), { force: true });
  rmSync(place, { recursive: true, force: true });
}

function readFacts(place: string): KeptFacts | undefined {
  try {
    const text = openSealedText(readFileSync(factsPath(place), 'utf8'));
    return text === undefined ? undefined : (JSON.parse(text) as KeptFacts);
  } catch {
    return undefined;
  }
}

function factsOf(place: string): KeptFacts {
  // With file types: without them readdir walks through links to directories.
  const items = readdirSync(place, { recursive: true, withFileTypes: true });
  const names = items.map((item) => relative(place, join(item.parentPath, item.name)));
  const stamps = ['', ...names]
    .sort()
    .map((name) => stampOf(place, name))
    .filter((stamp) => stamp !== undefined);
  return { sizeBytes: stamps.reduce((sum, [, size]) => sum + size, 0), stamps };
}

function stampOf(place: string, name: string): Stamp | undefined {
  const stats = lstatSync(name === '' ? place : `${place}/${name}`, { throwIfNoEntry: false });
  return stats === undefined ? undefined : [name, stats.size, stats.mtimeMs, stats.ctimeMs, stats.ino];
}

function isSame(a: Stamp, b: Stamp | undefined): boolean {
  return b !== undefined && a.every((value, index) => value === b[index]);
}
