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

/** The file a bin link points to, relative to the project. */
export function binTarget(bin: PlannedBin): string {
  return posix.join(posix.dirname(bin.location), bin.linkTarget);
}

/** Where a bin's file really lies: behind the link when a workspace or `file:` directory owns it. */
export function realBinPath(bin: PlannedBin, plan: InstallPlan): string {
  const target = binTarget(bin);
  const link = plan.links.find(({ location }) => location === bin.owner);
  return link === undefined ? target : posix.join(link.targetPath, target.slice(bin.owner.length + 1));
}

/** App files that npm's linking makes executable: production bins of workspaces and `file:` directories. */
export function linkedBinPaths(plan: InstallPlan): readonly string[] {
  const links = new Set(plan.links.map(({ location }) => location));
  return plan.productionBins.filter(({ owner }) => links.has(owner)).map((bin) => realBinPath(bin, plan));
}
