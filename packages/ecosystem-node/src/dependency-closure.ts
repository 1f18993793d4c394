// A package with everything its scripts may need: its dependencies, theirs, and so on.
import type { PlannedPackage } from './install-plan.js';
import { unitLocation } from './unit-key.js';

/**
 * Locations of the units that hold `item` and its dependency closure, `item`'s own included, sorted.
 * Packages bundled in a unit count with what they depend on.
 */
export function dependencyClosure(
  item: PlannedPackage,
  packages: ReadonlyMap<string, PlannedPackage>,
): readonly string[] {
  const seen = new Set<string>();
  const units = new Set<string>();
  const queue = [item.location];
  for (let location = queue.pop(); location !== undefined; location = queue.pop()) {
    if (seen.has(location)) continue;
    seen.add(location);
    const found = packages.get(location);
    // Links (workspaces) lead out of node_modules: they are not laid out for scripts of packages.
    if (found === undefined) continue;
    const unit = unitLocation(found);
    if (!units.has(unit)) {
      units.add(unit);
      queue.push(unit, ...bundledIn(unit, packages));
    }
    queue.push(...found.dependencyLocations);
  }
  return [...units].sort();
}

function bundledIn(unit: string, packages: ReadonlyMap<string, PlannedPackage>): readonly string[] {
  const locations: string[] = [];
  for (const [location, { source }] of packages) {
    if (source.kind === 'bundled' && source.owner === unit) locations.push(location);
  }
  return locations;
}
