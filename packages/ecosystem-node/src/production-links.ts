// Which links the production tree has: workspaces, and bins whose files are really there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectedUnit } from '@salver/core';
import type { InstallPlan, PlannedBin } from './install-plan.js';
import type { LinksInput } from './links-unit.js';
import { readPackageFacts } from './package-facts.js';
import type { PackageFacts } from './package-facts.js';
import { binTarget, linkTargetOf } from './plan-paths.js';
import { unitLocation } from './unit-key.js';

export interface ProductionLinksInput {
  readonly plan: InstallPlan;
  readonly projectDir: string;
  /** Package units that are there. */
  readonly units: readonly CollectedUnit[];
  /** More paths whose parent directories are needed, e.g. what a build added. */
  readonly morePaths?: readonly string[];
}

/** What the link units hold, without links whose owner or target is missing. */
export function productionLinks({
  plan,
  projectDir,
  units,
  morePaths = [],
}: ProductionLinksInput): LinksInput {
  const packages = new Map(plan.packages.map((item) => [item.location, item]));
  const facts = new Map(units.map(({ path, content }) => [path, readPackageFacts(content.facts.extra)]));
  const links = new Map<string, string>();
  for (const link of plan.links) if (link.production) links.set(link.location, linkTargetOf(link));
  for (const bin of plan.productionBins) {
    const owner = packages.get(bin.owner);
    const exists =
      owner === undefined ? isProjectFile(bin, plan, projectDir) : isInUnit(bin, unitLocation(owner), facts);
    if (exists) links.set(bin.location, bin.linkTarget);
  }
  return {
    unitLocations: [...facts.keys(), ...morePaths],
    links,
    namedDirectories: namedDirectories(units, facts),
  };
}

/** A bin of a workspace or `file:` directory: npm links it only if the file is there. */
function isProjectFile(bin: PlannedBin, plan: InstallPlan, projectDir: string): boolean {
  const link = plan.links.find(({ location }) => location === bin.owner);
  if (link === undefined) return false;
  return existsSync(join(projectDir, link.targetPath, binTarget(bin).slice(bin.owner.length + 1)));
}

function isInUnit(bin: PlannedBin, unit: string, facts: ReadonlyMap<string, PackageFacts>): boolean {
  const own = facts.get(unit);
  return own !== undefined && !own.missingBins.includes(binTarget(bin).slice(unit.length + 1));
}

function namedDirectories(
  units: readonly CollectedUnit[],
  facts: ReadonlyMap<string, PackageFacts>,
): ReadonlySet<string> {
  const named = new Set<string>();
  for (const { path, content } of units) {
    for (const directory of content.facts.dependencyDirectories) named.add(directory);
    // A tarball may bring files in a `.bin` of its own.
    for (const nested of facts.get(path)?.nestedPaths ?? []) {
      const bin = /^(?:.*\/)?node_modules\/\.bin(?=\/)/.exec(nested);
      if (bin !== null) named.add(`${path}/${bin[0]}`);
    }
  }
  return named;
}
