// What the app's build changed in node_modules (patch-package, generated clients). The build has development
// packages as well, with which a manager may place things differently: a package is the same one where name and
// version are, and first of all where its path is.
import { join } from 'node:path';
import type { CollectedUnit, EcosystemContext, FileStamp, PackEntry } from '@salver/core';
import { isSameStamp, printable, stampOf } from '@salver/core';
import { finishPackage } from './finish-modules.js';
import type { ManagerProject } from './read-project.js';
import { packageEntries, walkModules } from './walk-modules.js';
import type { FoundPackage } from './walk-modules.js';

/** Every package right after the installation: its files, by path. */
export type ModulesSnapshot = ReadonlyMap<string, ReadonlyMap<string, FileStamp>>;

export interface DetectInput {
  readonly context: EcosystemContext;
  readonly appDir: string;
  readonly project: ManagerProject;
  /** All units that were collected, links included. */
  readonly units: readonly CollectedUnit[];
  readonly snapshot: ModulesSnapshot;
}

interface DetectedChanges {
  readonly changed: readonly CollectedUnit[];
  readonly removedPaths: readonly string[];
}

/** Looks at every file once, with `stat`. */
export function snapshotModules(appDir: string, members: readonly string[]): ModulesSnapshot {
  const { packages } = walkModules(appDir, members);
  return new Map(packages.map((found) => [found.path, stampsOf(appDir, packageEntries(appDir, found))]));
}

/** Production packages that changed, finished from disk, and new directories. Throws as `finishPackage`. */
export async function detectManagedChanges(input: DetectInput): Promise<DetectedChanges> {
  const { appDir, project, snapshot, context, units } = input;
  const { packages } = walkModules(appDir, project.members);
  const places = new ProductionPlaces(units, snapshot);
  const changed = new Map<string, CollectedUnit>();
  for (const found of packages) {
    const entries = packageEntries(appDir, found);
    const before = snapshot.get(found.path);
    if (before !== undefined && isUntouched(appDir, entries, before)) continue;
    for (const place of places.of(found, before === undefined)) {
      if (changed.has(place.path)) continue;
      const moved = entries.map((entry) => ({
        ...entry,
        path: place.path + entry.path.slice(found.path.length),
      }));
      const { cache, signal } = context;
      const warn = (text: string): void => context.progress.warn(text);
      const target = { ...found, path: place.path };
      const { unit } = await finishPackage(target, { cache, topDir: appDir, signal, warn }, moved);
      changed.set(place.path, { ...place.unit, ...unit });
    }
  }
  warnAboutRemoved(packages, input);
  const before = new Set(units.map(({ content }) => content.key));
  return {
    changed: [...changed.values()].filter(({ content }) => !before.has(content.key)),
    removedPaths: [],
  };
}

interface Place {
  readonly path: string;
  readonly unit?: CollectedUnit;
}

/** Where a package of the build's tree lies in the production tree. */
class ProductionPlaces {
  readonly #byPath = new Map<string, CollectedUnit>();
  readonly #elsewhere = new Map<string, CollectedUnit[]>();
  readonly #directories = new Set<string>();

  constructor(units: readonly CollectedUnit[], snapshot: ModulesSnapshot) {
    for (const unit of units) {
      for (const directory of unit.content.facts.dependencyDirectories) this.#directories.add(directory);
      if (unit.kind === 'npm-links') continue;
      this.#byPath.set(unit.path, unit);
      if (snapshot.has(unit.path)) continue;
      const id = idOf(unit);
      this.#elsewhere.set(id, [...(this.#elsewhere.get(id) ?? []), unit]);
    }
  }

  of(found: FoundPackage, isNew: boolean): readonly Place[] {
    const same = this.#byPath.get(found.path);
    if (same !== undefined && idOf(same) === idOf(found)) return [{ path: found.path, unit: same }];
    const moved = this.#elsewhere.get(idOf(found)) ?? [];
    if (moved.length > 0) return moved.map((unit) => ({ path: unit.path, unit }));
    // Something new ships where production has the directory it lies in.
    const directory = found.path.slice(0, found.path.lastIndexOf('/'));
    return isNew && same === undefined && this.#directories.has(directory) ? [{ path: found.path }] : [];
  }
}

function idOf({ name, version = '' }: Pick<FoundPackage, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

function stampsOf(appDir: string, entries: readonly PackEntry[]): ReadonlyMap<string, FileStamp> {
  const stamps = new Map<string, FileStamp>();
  for (const { path } of entries) {
    const stamp = stampOf(join(appDir, path));
    if (stamp !== undefined) stamps.set(path, stamp);
  }
  return stamps;
}

function isUntouched(
  appDir: string,
  entries: readonly PackEntry[],
  before: ReadonlyMap<string, FileStamp>,
): boolean {
  if (entries.length !== before.size) return false;
  return entries.every(({ path }) => {
    const stamp = before.get(path);
    const now = stampOf(join(appDir, path));
    return stamp !== undefined && now !== undefined && isSameStamp(stamp, now);
  });
}

/** Links may lead to it, and other packages may need it: what the manager installed stays. */
function warnAboutRemoved(
  packages: readonly FoundPackage[],
  { units, snapshot, context }: DetectInput,
): void {
  const present = new Set(packages.map(({ path }) => path));
  for (const { kind, path } of units) {
    if (kind === 'npm-links' || present.has(path) || !snapshot.has(path)) continue;
    context.progress.warn(`the build removed ${printable(path)}; it ships all the same`);
  }
}
