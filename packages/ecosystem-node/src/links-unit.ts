// What lies in node_modules and belongs to no package: the directories packages share, `.bin` links, and
// links to workspaces. One unit for each outermost node_modules directory (workspaces have their own).
import { posix } from 'node:path';
import type { BuildCache, CollectedUnit, PackEntry } from '@salver/core';
import { canonicalJson, comparePaths, directoryEntry, linkEntry, sha256Hex } from '@salver/core';

/** Raised whenever the entries change for the same input. */
const LINKS_FORMAT = 1;

export interface LinksInput {
  /** Where units lie: `node_modules/a`. Their parent directories are named here. */
  readonly unitLocations: readonly string[];
  /** Symlinks by path: bins and workspaces. */
  readonly links: ReadonlyMap<string, string>;
  /** Directories that package units name themselves. */
  readonly namedDirectories: ReadonlySet<string>;
}

/** The link units, in artifact order. */
export async function linksUnits(input: LinksInput, cache: BuildCache): Promise<readonly CollectedUnit[]> {
  const units: CollectedUnit[] = [];
  for (const [root, entries] of entriesByRoot(input)) {
    const identity = entries.map((entry) => [entry.path, entry.linkTarget]);
    const key = `npm-links:${LINKS_FORMAT}:${sha256Hex(canonicalJson(identity))}`;
    const content = cache.findUnit(key) ?? (await cache.storeUnit(key, entries));
    units.push({ kind: 'npm-links', name: root, path: root, content });
  }
  return units;
}

/** Directories that the link units name: a unit finished from disk must not name them again. */
export function sharedDirectories(input: LinksInput): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const path of [...input.unitLocations, ...input.links.keys()]) {
    const root = outermostNodeModules(path);
    for (let parent = posix.dirname(path); parent.length >= root.length; parent = posix.dirname(parent)) {
      if (directories.has(parent)) break;
      // Directories inside a package, between its location and a nested node_modules, are the package's.
      if (isShared(parent) && !input.namedDirectories.has(parent)) directories.add(parent);
    }
  }
  return directories;
}

/** `a/node_modules` of `a/node_modules/b/node_modules/c`. */
export function outermostNodeModules(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, parts.indexOf('node_modules') + 1).join('/');
}

/** `node_modules`, `node_modules/.bin` or `node_modules/@scope`, at any depth. */
function isShared(directory: string): boolean {
  return /(?:^|\/)node_modules(?:\/(?:\.bin|@[^/]+))?$/.test(directory);
}

function entriesByRoot(input: LinksInput): ReadonlyMap<string, readonly PackEntry[]> {
  const byRoot = new Map<string, PackEntry[]>();
  const add = (entry: PackEntry): void => {
    const root = outermostNodeModules(entry.path);
    const entries = byRoot.get(root) ?? [];
    entries.push(entry);
    byRoot.set(root, entries);
  };
  for (const directory of sharedDirectories(input)) add(directoryEntry(directory));
  for (const [path, target] of input.links) add(linkEntry(path, target));
  for (const entries of byRoot.values()) entries.sort((a, b) => comparePaths(a.path, b.path));
  return new Map([...byRoot].sort(([a], [b]) => comparePaths(a, b)));
}
