// The units of all production packages as their tarballs give them, before any script runs.
import type { EcosystemContext } from '@salver/core';
import { SalverError, workOnAll } from '@salver/core';
import { PackageFetcher } from './fetch-package.js';
import type { InstallPlan, PlannedPackage } from './install-plan.js';
import type { LeftOut } from './left-out.js';
import type { NpmOptions } from './npm-options.js';
import { PackageUnits } from './package-unit.js';
import type { PackageUnit } from './package-unit.js';
import { takenPaths } from './plan-paths.js';
import { binsByUnit } from './unit-key.js';

export interface FinishPackagesInput {
  readonly context: EcosystemContext;
  readonly plan: InstallPlan;
  readonly npmOptions: NpmOptions;
  /** All packages of the plan by location. */
  readonly packages: ReadonlyMap<string, PlannedPackage>;
  readonly leftOut: LeftOut;
  readonly onProgress: (done: number, total: number) => void;
}

export interface FinishedPackages {
  /** By location. */
  readonly units: ReadonlyMap<string, PackageUnit>;
  readonly fetcher: PackageFetcher;
}

/** Packages that are fetched and transcoded side by side; their bytes are bounded on their own. */
export const PACKAGES_IN_FLIGHT_MAX = 32;

/**
 * Finds or makes the units. The first failure of a package that is not optional stops the others.
 * Throws what fetching and reading packages throw.
 */
export async function finishPackages(input: FinishPackagesInput): Promise<FinishedPackages> {
  const { context, plan, packages, onProgress } = input;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const fetcher = new PackageFetcher({ ...context, npmOptions: input.npmOptions, signal });
  const maker = new PackageUnits({
    cache: context.cache,
    fetcher,
    bins: binsByUnit(plan.productionBins, packages),
    takenPaths: takenPaths(plan, (item) => item.production, plan.productionBins),
    signal,
  });
  const items = plan.packages.filter((item) => item.production && item.source.kind !== 'bundled');
  for (const item of items) fetcher.check(item);
  const units = new Map<string, PackageUnit>();
  const missing: PlannedPackage[] = [];
  for (const item of items) {
    const found = maker.find(item);
    if (found === undefined) missing.push(item);
    else units.set(item.location, found);
  }
  onProgress(items.length - missing.length, items.length);
  const makeOne = async (item: PlannedPackage): Promise<void> => {
    try {
      units.set(item.location, await maker.finish(item));
    } catch (error) {
      input.leftOut.add(item, error);
    }
    onProgress(units.size, items.length);
  };
  await workOnAll(missing, PACKAGES_IN_FLIGHT_MAX, makeOne, () => stop.abort());
  if (context.signal.aborted) throw new SalverError('E_INTERRUPTED', 'interrupted while fetching packages');
  return { units, fetcher };
}
