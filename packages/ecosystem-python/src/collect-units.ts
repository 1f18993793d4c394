// The locked packages as finished units: everything that is in the cache is taken from there, the rest is fetched,
// built where it has to be, unpacked and compiled; what belongs to no package is linked.
import type { CollectedUnit, CollectedUnits, EcosystemContext } from '@salver/core';
import { printable, workOnAll } from '@salver/core';
import { defaultBuildRequirements } from './build-requirements.js';
import { WheelBuilder } from './compile-units.js';
import type { BuildTool } from './compile-units.js';
import { PackageFetcher } from './fetch-package.js';
import type { InstallPlan } from './install-plan.js';
import { linksUnit } from './links-unit.js';
import { PackageUnits } from './package-unit.js';
import type { PackageUnit } from './package-unit.js';
import { NO_INDEX_OPTIONS } from './python-lock.js';
import type { LockedPackage, PythonLock } from './python-lock.js';
import { readRequirementsFile } from './requirements-file.js';
import { findSharedFiles } from './shared-files.js';
import { VENV } from './venv-layout.js';

/** Packages worked on at once: unpacking and compiling take a processor each. */
const PACKAGES_AT_ONCE = 4;

/** Throws the errors of fetching, building and reading wheels, and E_FILE_CONFLICT. */
export async function collectUnits(context: EcosystemContext, plan: InstallPlan): Promise<CollectedUnits> {
  const { interpreter, lock } = plan;
  const step = context.progress.step('Python packages', 'packages');
  const { units, fetcher } = await finishAll(context, plan, (done, total) => step.update(done, total));
  const links = await linksUnit(
    context.cache,
    interpreter.version,
    units.map(({ directories }) => directories),
  );
  for (const unit of units) warnOfSearchPaths(unit, context);
  const packagesCached = units.filter(({ cached }) => cached).length;
  step.end(`${units.length} packages, ${packagesCached} cached`);
  return {
    units: [links, ...units.map(collectedUnit)],
    needs: { python: plan.needs },
    packagesTotal: lock.packages.length,
    packagesCached,
    downloadedBytes: fetcher.downloadedBytes,
    compiled: units.filter(({ builtNow }) => builtNow).map(describe),
    scriptsRan: [],
    scriptsSkipped: [],
  };
}

async function finishAll(
  context: EcosystemContext,
  plan: InstallPlan,
  onProgress: (done: number, total: number) => void,
): Promise<{ readonly units: readonly PackageUnit[]; readonly fetcher: PackageFetcher }> {
  const { interpreter, tags, lock } = plan;
  const fetcher = new PackageFetcher({ context, interpreter, tags, index: lock.index });
  const tools = once(() => buildTools(context, plan));
  const builder = new WheelBuilder({ context, interpreter, fetcher, tools });
  const packages = new PackageUnits({ context, interpreter, fetcher, builder });
  const units = await finishEach(lock.packages, packages, onProgress);
  const shared = findSharedFiles(units, context.cache);
  const whole: PackageUnit[] = [];
  for (const [index, unit] of units.entries()) {
    const excluded = shared.get(index);
    whole.push(excluded === undefined ? unit : await packages.finish(unit.item, excluded));
  }
  return { units: whole, fetcher };
}

async function finishEach(
  items: readonly LockedPackage[],
  packages: PackageUnits,
  onProgress: (done: number, total: number) => void,
): Promise<readonly PackageUnit[]> {
  const units = new Map<LockedPackage, PackageUnit>();
  await workOnAll(items, PACKAGES_AT_ONCE, async (item) => {
    units.set(item, await packages.finish(item));
    onProgress(units.size, items.length);
  });
  return items.flatMap((item) => units.get(item) ?? []);
}

/** What source distributions are built with: wheels of their own lock, or of the pins that come with Salver. */
async function buildTools(context: EcosystemContext, plan: InstallPlan): Promise<readonly BuildTool[]> {
  const { interpreter, tags, lock } = plan;
  const { packages, index } = buildLock(context, plan);
  const options = { ...lock.index, ...index };
  const fetcher = new PackageFetcher({ context, interpreter, tags, index: options });
  const builder = new WheelBuilder({ context, interpreter, fetcher, tools: () => Promise.resolve([]) });
  const units = await finishEach(
    packages,
    new PackageUnits({ context, interpreter, fetcher, builder }),
    () => undefined,
  );
  return units.map(({ item, version, content }) => ({ name: item.name, version, content }));
}

function buildLock(context: EcosystemContext, { interpreter }: InstallPlan): Omit<PythonLock, 'lockfile'> {
  const { buildRequirements } = context.python;
  if (buildRequirements === undefined)
    return { packages: defaultBuildRequirements(), index: NO_INDEX_OPTIONS };
  return readRequirementsFile({
    projectDir: context.projectDir,
    lockfile: buildRequirements,
    environment: { variables: interpreter.variables, extras: new Set(), groups: new Set() },
    env: context.env,
  });
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => (running ??= work());
}

function collectedUnit(unit: PackageUnit): CollectedUnit {
  return {
    kind: 'wheel',
    name: unit.item.name,
    version: unit.version,
    path: VENV,
    ...(unit.compiled ? { compiled: true } : {}),
    content: unit.content,
  };
}

function warnOfSearchPaths(unit: PackageUnit, { progress }: EcosystemContext): void {
  if (unit.searchPaths.length === 0) return;
  const paths = unit.searchPaths.map(printable).join(', ');
  progress.warn(
    `${describe(unit)} looks for libraries in ${paths}, which is a directory of this machine: build with a Python of the system`,
  );
}

function describe({ item, version }: PackageUnit): string {
  return printable(`${item.name}@${version}`);
}
