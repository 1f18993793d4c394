// Needs of units -> needs of the release (docs/format.md section 6).
import { comparePaths } from './archive-path.js';
import { compareVersions } from './compare-versions.js';
import type { LibraryNeed, Needs, NodeNeeds, VersionNeed } from './needs.js';

/** What one unit contributes. */
export interface NeedsPart {
  readonly needs: Needs;
  /** Names of the shared libraries that the unit brings. */
  readonly provides?: readonly string[];
}

/**
 * The highest of each need, without the libraries that any part brings. The order of the parts does not matter,
 * except for `node.range`, which is declared and not measured: the first one is kept.
 */
export function mergeNeeds(parts: readonly NeedsPart[]): Needs {
  const provided = new Set(parts.flatMap((part) => part.provides ?? []));
  const all = parts.map((part) => part.needs);
  return presentNeeds({
    glibc: highest(all.map((needs) => needs.glibc)),
    glibcxx: highest(all.map((needs) => needs.glibcxx)),
    cxxabi: highest(all.map((needs) => needs.cxxabi)),
    musl: firstByPath(all.map((needs) => needs.musl)),
    libraries: mergeLibraries(
      all.flatMap((needs) => needs.libraries ?? []).filter(({ name }) => !provided.has(name)),
    ),
    node: mergeNodeNeeds(all.flatMap((needs) => needs.node ?? [])),
    // One ecosystem states it, for one interpreter.
    python: all.find((needs) => needs.python !== undefined)?.python,
  });
}

/** Needs without the keys that are undefined or empty lists: a need that does not exist is an absent key. */
export function presentNeeds(needs: { readonly [Key in keyof Needs]-?: Needs[Key] | undefined }): Needs {
  const present = Object.entries(needs).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(present);
}

/** The higher version; of equal ones the one whose path comes first in byte order. */
export function higherVersion(a: VersionNeed | undefined, b: VersionNeed): VersionNeed {
  if (a === undefined) return b;
  const order = compareVersions(a.version, b.version);
  if (order === 0) return comparePaths(a.by, b.by) <= 0 ? a : b;
  return order > 0 ? a : b;
}

function highest(needs: readonly (VersionNeed | undefined)[]): VersionNeed | undefined {
  return needs.reduce((best, need) => (need === undefined ? best : higherVersion(best, need)), undefined);
}

function firstByPath<T extends { readonly by: string }>(needs: readonly (T | undefined)[]): T | undefined {
  return needs
    .filter((need) => need !== undefined)
    .sort((a, b) => comparePaths(a.by, b.by))
    .at(0);
}

/** One row per library, sorted by name. */
function mergeLibraries(libraries: readonly LibraryNeed[]): readonly LibraryNeed[] {
  const sorted = [...libraries].sort((a, b) => comparePaths(a.name, b.name) || comparePaths(a.by, b.by));
  return sorted.filter(({ name }, index) => name !== sorted[index - 1]?.name);
}

/** Of several module versions the highest: no Node has both, and units rarely disagree. */
function mergeNodeNeeds(needs: readonly NodeNeeds[]): NodeNeeds | undefined {
  const range = needs.find((need) => need.range !== undefined)?.range;
  const versions = needs.flatMap((need) => need.modules ?? []);
  const version = versions.reduce((max, row) => Math.max(max, row.version), 0);
  const modules = firstByPath(versions.filter((row) => row.version === version));
  const napi = modules === undefined && needs.some((need) => need.napi === true);
  if (range === undefined && modules === undefined && !napi) return undefined;
  return {
    ...(range === undefined ? {} : { range }),
    ...(modules === undefined ? {} : { modules }),
    ...(napi ? { napi } : {}),
  };
}
