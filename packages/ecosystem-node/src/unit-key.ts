// Names under which finished units are kept in the cache. A key holds everything that decides the unit's
// bytes, so that finding it means nothing needs to be opened.
import { canonicalJson, sha256Hex } from '@salver/core';
import type { PlannedBin, PlannedPackage } from './install-plan.js';
import { binTarget } from './plan-paths.js';

/** Raised whenever transcoding gives other bytes or facts than before. */
const TRANSCODE_FORMAT = 1;

export interface PackageKeyInput {
  readonly item: PlannedPackage;
  /** SRI string of the tarball. */
  readonly integrity: string;
  readonly bins: ReadonlySet<string>;
  readonly executables: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
}

/** Key of a package's unit as its tarball gives it, before any script. */
export function packageKey({ item, integrity, bins, executables, excluded }: PackageKeyInput): string {
  // Packed git checkouts keep `.gitignore`, registry tarballs do not.
  const origin = item.source.kind === 'git' ? 'npm-git' : 'npm';
  const lists = [bins, executables, excluded].map(listHash);
  return [origin, TRANSCODE_FORMAT, integrity, item.location, ...lists].join(':');
}

/** Short digest of a set of paths; empty for none, which is the usual case. */
function listHash(paths: ReadonlySet<string>): string {
  return paths.size === 0 ? '' : sha256Hex(canonicalJson([...paths].sort())).slice(0, 32);
}

/** The location of the unit that a package's files belong to: its own, or of whoever bundles it. */
export function unitLocation(item: PlannedPackage): string {
  return item.source.kind === 'bundled' ? item.source.owner : item.location;
}

/** Linked bin targets by unit location, as paths relative to the unit. */
export function binsByUnit(
  bins: readonly PlannedBin[],
  packages: ReadonlyMap<string, PlannedPackage>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const byUnit = new Map<string, Set<string>>();
  for (const bin of bins) {
    const owner = packages.get(bin.owner);
    if (owner === undefined) continue;
    const unit = unitLocation(owner);
    const paths = byUnit.get(unit) ?? new Set();
    paths.add(binTarget(bin).slice(unit.length + 1));
    byUnit.set(unit, paths);
  }
  return byUnit;
}
