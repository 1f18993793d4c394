// Paths that an install plan gives away: where packages and links lie.
import { posix } from 'node:path';
import type { InstallPlan, PlannedBin, PlannedLink, PlannedPackage } from './install-plan.js';

/**
 * Paths that belong to a unit of their own or to a link. A package's tarball may hold files there (it was
 * published with a node_modules in it); those are not its files any more.
 */
export function takenPaths(
  plan: InstallPlan,
  isInstalled: (item: PlannedPackage | PlannedLink) => boolean,
  bins: readonly PlannedBin[],
): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const item of plan.packages) {
    if (item.source.kind !== 'bundled' && isInstalled(item)) taken.add(item.location);
  }
  for (const link of plan.links) if (isInstalled(link)) taken.add(link.location);
  for (const bin of bins) taken.add(bin.location);
  return taken;
}

/** Where the symlink of a workspace points, relative to its own directory. */
export function linkTargetOf(link: PlannedLink): string {
  return posix.relative(posix.dirname(link.location), link.targetPath === '' ? '.' : link.targetPath) || '.';
}
