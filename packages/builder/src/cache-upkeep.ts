// Looking after the cache: what is in it, removing what was not used for long, checking every byte.
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { SalverError, errnoOf, fileSystemError, isSalverError, sha256Hex } from '@salver/core';
import type { Progress } from '@salver/core';
import { discardDamaged } from './cache-files.js';
import type { CachePaths } from './cache-paths.js';
import { hashFile } from './download-store.js';
import { checkMemberFile } from './member-store.js';
import { isKeptTreeIntact, listKeptTrees, removeKeptTree } from './kept-tree.js';
import { openSealedText } from './sealed-text.js';
import { copyMembers, readUnitFile } from './unit-file.js';
import { UnitPack } from './unit-pack.js';

export type CacheKind = 'downloads' | 'aliases' | 'units' | 'packs' | 'members' | 'notes' | 'trees';

/** One file of the cache. */
export interface CacheEntry {
  readonly kind: CacheKind;
  /** Relative to the cache directory. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970; exact to a day. */
  readonly lastUsedMs: number;
}

export interface CacheListing {
  readonly directory: string;
  readonly sizeBytes: number;
  /** Longest unused first. */
  readonly entries: readonly CacheEntry[];
}

export interface PruneOptions {
  /** Removes what was not used for this long. */
  readonly unusedMs?: number;
  /** Then removes the longest unused until no more than this is left. */
  readonly sizeBytesMax?: number;
  /** Only says what would be removed. */
  readonly dryRun?: boolean;
}

export interface PruneResult {
  readonly removed: readonly CacheEntry[];
  readonly freedBytes: number;
  readonly leftBytes: number;
}

export interface VerifyResult {
  readonly checked: number;
  readonly sizeBytes: number;
  /** Paths (relative) of damaged entries; they have been removed. */
  readonly damaged: readonly string[];
}

/** A running build may rely on what it has just used, so pruning never takes that. */
const IN_USE_MS = 60 * 60 * 1000;

/** All entries of the cache. Throws E_FILE_SYSTEM. */
export function listCache(paths: CachePaths): CacheListing {
  const directories: readonly (readonly [CacheKind, string])[] = [
    ['downloads', paths.downloads],
    ['aliases', paths.aliases],
    ['units', paths.units],
    ['packs', paths.packs],
    ['members', dirname(paths.members)],
    ['notes', paths.notes],
  ];
  const entries = [
    ...directories.flatMap(([kind, directory]) => entriesBelow(paths, kind, directory)),
    ...keptTrees(paths),
  ];
  entries.sort((a, b) => a.lastUsedMs - b.lastUsedMs || (a.path < b.path ? -1 : 1));
  return { directory: paths.root, sizeBytes: sumBytes(entries), entries };
}

function keptTrees({ trees, root }: CachePaths): readonly CacheEntry[] {
  return listKeptTrees(trees).map(({ place, ...facts }) => ({
    kind: 'trees',
    path: relative(root, place),
    ...facts,
  }));
}

function entriesBelow(paths: CachePaths, kind: CacheKind, directory: string): CacheEntry[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileSystemError(error, `cannot read the cache at ${directory}`);
  }
  const entries: CacheEntry[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) continue;
    entries.push({ kind, path: relative(paths.root, path), sizeBytes: stat.size, lastUsedMs: stat.mtimeMs });
  }
  return entries;
}

function sumBytes(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
}

/**
 * Removes the longest unused entries, and clean copies that killed builds left.
 * Throws E_USAGE without a limit, E_FILE_SYSTEM.
 */
export function pruneCache(paths: CachePaths, options: PruneOptions): PruneResult {
  if (options.unusedMs === undefined && options.sizeBytesMax === undefined) {
    throw new SalverError('E_USAGE', 'pruning needs an age or a size', {
      hint: 'say what may stay, for example entries used in the last 30 days',
    });
  }
  if (options.dryRun !== true) removeOldCopies(paths.work);
  const listing = listCache(paths);
  const now = Date.now();
  let leftBytes = listing.sizeBytes;
  const removed: CacheEntry[] = [];
  for (const entry of listing.entries) {
    const unusedMs = now - entry.lastUsedMs;
    const isOld = options.unusedMs !== undefined && unusedMs > options.unusedMs;
    const isTooMuch = options.sizeBytesMax !== undefined && leftBytes > options.sizeBytesMax;
    if (!(isOld || isTooMuch) || unusedMs < IN_USE_MS) continue;
    if (options.dryRun !== true) removeEntry(entry.kind, join(paths.root, entry.path));
    leftBytes -= entry.sizeBytes;
    removed.push(entry);
  }
  return { removed, freedBytes: listing.sizeBytes - leftBytes, leftBytes };
}

function removeEntry(kind: CacheKind, path: string): void {
  if (kind === 'trees') removeKeptTree(path);
  else rmSync(path, { force: true });
}

/** No build takes this long, so a clean copy of this age belongs to one that was killed. */
const COPY_AGE_MS_MAX = 24 * 60 * 60 * 1000;

function removeOldCopies(work: string): void {
  for (const name of existsSync(work) ? readdirSync(work) : []) {
    const path = join(work, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > COPY_AGE_MS_MAX)
      rmSync(path, { recursive: true, force: true });
  }
}

/** Reads and checks every byte; damaged entries are removed and reported. Throws E_FILE_SYSTEM. */
export function verifyCache(paths: CachePaths, progress: Progress): VerifyResult {
  const { entries, sizeBytes } = listCache(paths);
  const step = progress.step('verifying the cache', 'bytes');
  const damaged: string[] = [];
  let doneBytes = 0;
  for (const entry of entries) {
    const path = join(paths.root, entry.path);
    if (!isIntact(entry.kind, path)) {
      if (entry.kind === 'trees') removeKeptTree(path);
      discardDamaged(path, entry.path, progress);
      damaged.push(entry.path);
    }
    doneBytes += entry.sizeBytes;
    step.update(doneBytes, sizeBytes);
  }
  step.end(`${entries.length} entries, ${damaged.length} damaged`);
  return { checked: entries.length, sizeBytes, damaged };
}

function isIntact(kind: CacheKind, path: string): boolean {
  const name = basename(dirname(path)) + basename(path);
  try {
    switch (kind) {
      case 'downloads':
        return hashFile(path, ['sha512']).get('sha512') === name;
      case 'members':
        return checkMemberFile(readFileSync(path)) !== undefined;
      case 'units':
        return isUnitIntact(path, name);
      case 'trees':
        return isKeptTreeIntact(path);
      case 'packs':
        return isPackIntact(path);
      default:
        return openSealedText(readFileSync(path, 'utf8')) !== undefined;
    }
  } catch (error) {
    // Pruned by somebody else meanwhile: nothing is wrong.
    if (errnoOf(error) === 'ENOENT') return true;
    throw fileSystemError(error, `cannot read ${path}`);
  }
}

function isPackIntact(path: string): boolean {
  const pack = UnitPack.open(path, () => undefined);
  try {
    return pack?.isIntact() === true;
  } finally {
    pack?.close();
  }
}

function isUnitIntact(path: string, name: string): boolean {
  const unit = readUnitFile(path)?.record;
  if (unit === undefined || sha256Hex(unit.key) !== name) return false;
  try {
    copyMembers(path, unit, () => undefined);
    return true;
  } catch (error) {
    if (isSalverError(error, 'E_CACHE_DAMAGED')) return false;
    throw error;
  }
}
