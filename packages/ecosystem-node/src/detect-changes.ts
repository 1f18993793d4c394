// What a build left differently below node_modules. First by `stat`, which says for nearly all files that
// nobody touched them; then by bytes; what differs is finished from disk.
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { BuildCache, CollectedUnit, FileStamp, PackEntry } from '@salver/core';
import { canonicalJson, createSha256, isSameStamp, sha256Hex, stampOf } from '@salver/core';
import { isSameEntry, listDiskEntries } from './disk-entries.js';
import { directoryEntries } from './entry-directories.js';
import { findExtraPaths } from './extra-paths.js';
import { keepInsideLinks } from './inside-links.js';
import type { InstallPlan } from './install-plan.js';
import { linksUnits, sharedDirectories } from './links-unit.js';
import { takenPaths } from './plan-paths.js';
import { productionLinks } from './production-links.js';

export interface DetectInput {
  readonly cache: BuildCache;
  readonly plan: InstallPlan;
  readonly projectDir: string;
  readonly appDir: string;
  /** All units that were collected, links included. */
  readonly units: readonly CollectedUnit[];
  /** Stamps of production units by unit path, as laid out. */
  readonly stamps: ReadonlyMap<string, ReadonlyMap<string, FileStamp>>;
  readonly warn: (text: string) => void;
}

export interface DetectedChanges {
  readonly changed: readonly CollectedUnit[];
  readonly removedPaths: readonly string[];
}

/** What tools keep in node_modules for themselves; the same name elsewhere is a package's own. */
const TOOL_PATH =
  /(?:^|\/)node_modules\/(?:\.cache|\.package-lock\.json|\.yarn-integrity|\.modules\.yaml|\.vite[^/]*)$/;

/** Raised whenever a unit finished from disk gets other bytes for the same files. */
const CHANGED_FORMAT = 1;

/** Finds what changed. Throws E_FILE_SYSTEM, E_LIMIT_EXCEEDED, and what storing units throws. */
export async function detectChanges(input: DetectInput): Promise<DetectedChanges> {
  const taken = takenPaths(input.plan, () => true, input.plan.allBins);
  const isForeign = (path: string): boolean => taken.has(path) || TOOL_PATH.test(path);
  const packages = input.units.filter(({ kind }) => kind === 'npm');
  const present = packages.filter(({ path }) => existsSync(join(input.appDir, path)));
  const removedPaths = packages.filter((unit) => !present.includes(unit)).map(({ path }) => path);
  const extraPaths = findExtraPaths(input.appDir, taken, TOOL_PATH);
  const links = productionLinks({ ...input, units: present, morePaths: extraPaths });
  const shared = sharedDirectories(links);

  const changed: CollectedUnit[] = [];
  for (const unit of present) {
    const entries = changedEntries(unit, input, isForeign);
    if (entries === undefined) continue;
    // Directories that nested units lie in must be named even when nothing of this unit is left there.
    const more = unit.content.facts.dependencyDirectories;
    changed.push({ ...unit, content: await finishFromDisk(unit.path, entries, { more, shared }, input) });
  }
  for (const path of extraPaths) {
    const entries = listDiskEntries({ rootDir: input.appDir, location: path, skip: isForeign });
    const content = await finishFromDisk(path, entries, { shared }, input);
    changed.push({ kind: 'npm-extra', name: posix.basename(path), path, content });
  }
  const newLinks = await linksUnits(links, input.cache);
  const before = new Set(input.units.map(({ content }) => content.key));
  return {
    changed: [...newLinks.filter(({ content }) => !before.has(content.key)), ...changed],
    removedPaths: [...removedPaths, ...vanishedLinks(input.units, newLinks)].sort(),
  };
}

/** Link units that nothing is left of. */
function vanishedLinks(before: readonly CollectedUnit[], now: readonly CollectedUnit[]): readonly string[] {
  const paths = new Set(now.map(({ path }) => path));
  return before.filter(({ kind, path }) => kind === 'npm-links' && !paths.has(path)).map(({ path }) => path);
}

/** Files and links of a unit on disk when they differ from what was laid out; else undefined. */
function changedEntries(
  unit: CollectedUnit,
  { appDir, cache, stamps }: DetectInput,
  isForeign: (path: string) => boolean,
): readonly PackEntry[] | undefined {
  const found = listDiskEntries({ rootDir: appDir, location: unit.path, skip: isForeign });
  const before = stamps.get(unit.path) ?? new Map<string, FileStamp>();
  const isUntouched = (path: string): boolean => {
    const stamp = before.get(path);
    const now = stamp === undefined ? undefined : stampOf(join(appDir, path));
    return stamp !== undefined && now !== undefined && isSameStamp(stamp, now);
  };
  const count = [...before.keys()].filter((path) => !isBelowForeign(path, unit.path, isForeign)).length;
  if (found.length === count && found.every(({ path }) => isUntouched(path))) return undefined;
  const original = new Map(cache.readUnit(unit.content).map((entry) => [entry.path, entry]));
  const isSame = (entry: PackEntry): boolean => {
    const known = original.get(entry.path);
    return known !== undefined && (isUntouched(entry.path) || isSameEntry(known, entry));
  };
  return found.length === count && found.every(isSame) ? undefined : found;
}

function isBelowForeign(path: string, top: string, isForeign: (path: string) => boolean): boolean {
  for (let place = path; place.length > top.length; place = posix.dirname(place)) {
    if (isForeign(place)) return true;
  }
  return false;
}

interface DirectoryRules {
  readonly more?: readonly string[];
  readonly shared: ReadonlySet<string>;
}

/** A unit from files on disk, known by their content. */
async function finishFromDisk(
  path: string,
  found: readonly PackEntry[],
  { more = [], shared }: DirectoryRules,
  { cache, appDir, warn }: DetectInput,
): Promise<CollectedUnit['content']> {
  const entries = keepInsideLinks(found, appDir, warn);
  const all = [...directoryEntries(path, entries, { more, namedElsewhere: shared }), ...entries];
  const rows = all.map((entry) => [
    entry.path,
    entry.kind,
    entry.executable,
    entry.linkTarget,
    contentDigest(entry),
  ]);
  const key = `npm-changed:${CHANGED_FORMAT}:${sha256Hex(canonicalJson(rows))}`;
  return cache.findUnit(key) ?? (await cache.storeUnit(key, all));
}

const DIGEST_BYTES = 1024 * 1024;

function contentDigest(entry: PackEntry): string {
  const digest = createSha256();
  for (let offset = 0; offset < entry.sizeBytes; offset += DIGEST_BYTES) {
    digest.update(entry.readSync(offset, Math.min(DIGEST_BYTES, entry.sizeBytes - offset)));
  }
  return digest.digestHex();
}
