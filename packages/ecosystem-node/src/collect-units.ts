// The production tree as finished units: everything that is in the cache is taken from there, the rest is
// fetched and transcoded, packages with scripts are built, and what belongs to no package is linked.
import type { CollectedUnit, CollectedUnits, EcosystemContext } from '@salver/core';
import { comparePaths, printable } from '@salver/core';
import { CompiledUnits } from './compile-units.js';
import { describePackage } from './fetch-package.js';
import type { PackageFetcher } from './fetch-package.js';
import { finishPackages } from './finish-packages.js';
import type { InstallPlan, PlannedPackage } from './install-plan.js';
import { LeftOut } from './left-out.js';
import { linksUnits } from './links-unit.js';
import type { NpmOptions } from './npm-options.js';
import type { PackageUnit } from './package-unit.js';
import { productionLinks } from './production-links.js';
import { decideScripts, describeRun } from './script-decision.js';
import type { ScriptDecision, ScriptRun } from './script-decision.js';

export interface CollectInput {
  readonly context: EcosystemContext;
  readonly plan: InstallPlan;
  readonly npmOptions: NpmOptions;
}

/**
 * Collects everything `npm ci --omit=dev` would install. Optional packages that cannot be had are left out
 * with all that is only there for their sake, with a warning.
 * Throws the errors of fetching, reading and building packages.
 */
export async function collectUnits(input: CollectInput): Promise<CollectedUnits> {
  const { context, plan } = input;
  const packages = new Map(plan.packages.map((item) => [item.location, item]));
  const step = context.progress.step('packages', 'packages');
  const leftOut = new LeftOut(context.progress);
  const fetched = await finishPackages({
    ...input,
    packages,
    leftOut,
    onProgress: (done, total) => step.update(done, total),
  });
  const decisions = decideAll(fetched.units, packages, plan);
  const compiled = new CompiledUnits({
    ...context,
    ...(input.npmOptions.scriptShell === undefined ? {} : { shell: input.npmOptions.scriptShell }),
    packages,
    units: fetched.units,
    decisions,
    bins: plan.productionBins,
    step,
    warn: (text) => context.progress.warn(text),
  });
  const collected = await compileAll(fetched.units, decisions, compiled, leftOut);
  const kept = [...collected.values()].filter(({ path }) => !leftOut.has(path));
  const links = await linksUnits(
    productionLinks({ plan, projectDir: context.projectDir, units: kept }),
    context.cache,
  );
  const decided = kept.flatMap(({ path }) => decisions.get(path) ?? []);
  const packagesCached = kept.filter(({ path }) => fetched.units.get(path)?.cached === true).length;
  step.end(`${kept.length} packages, ${packagesCached} cached`);
  warnAboutIntegrity(fetched.fetcher, context);
  for (const { path } of kept) warnAboutNames(fetched.units.get(path), context);
  return {
    units: [...links, ...kept],
    needs: plan.nodeRange === undefined ? {} : { node: { range: plan.nodeRange } },
    packagesTotal: kept.length,
    packagesCached,
    downloadedBytes: fetched.fetcher.downloadedBytes,
    compiled: kept
      .filter(({ path }) => compiled.wasBuiltNow(path))
      .map(({ name, version }) => describePackage({ name, version: version ?? '' })),
    scriptsRan: decided.flatMap(({ runs }) => runs.map(describeRun)),
    scriptsSkipped: decided.flatMap(({ skipped }) => skipped.map(describeRun)),
  };
}

function decideAll(
  units: ReadonlyMap<string, PackageUnit>,
  packages: ReadonlyMap<string, PlannedPackage>,
  plan: InstallPlan,
): ReadonlyMap<string, ScriptDecision> {
  const decisions = new Map<string, ScriptDecision>();
  for (const [location, { facts }] of units) {
    if (facts.scripted.length === 0) continue;
    const decision = decideScripts({
      location,
      scripted: facts.scripted,
      packages,
      strict: plan.strictAllowScripts === true,
    });
    if (decision.runs.length + decision.skipped.length > 0) decisions.set(location, decision);
  }
  return decisions;
}

/** All units in artifact order, those with scripts built. */
async function compileAll(
  units: ReadonlyMap<string, PackageUnit>,
  decisions: ReadonlyMap<string, ScriptDecision>,
  compiled: CompiledUnits,
  leftOut: LeftOut,
): Promise<ReadonlyMap<string, CollectedUnit>> {
  const inNpmOrder = [...decisions.keys()].sort((a, b) => depthOf(a) - depthOf(b) || comparePaths(a, b));
  const collected = new Map<string, CollectedUnit>();
  const built = new Map<string, CollectedUnit>();
  for (const location of inNpmOrder) {
    const unit = units.get(location);
    const decision = decisions.get(location);
    if (unit === undefined || decision === undefined || decision.runs.length === 0 || leftOut.has(location))
      continue;
    try {
      built.set(location, collectedUnit(unit, decision, (await compiled.finish(location)).content));
    } catch (error) {
      leftOut.add(unit.item, error);
    }
  }
  for (const location of [...units.keys()].sort(comparePaths)) {
    const unit = units.get(location) as PackageUnit;
    collected.set(
      location,
      built.get(location) ?? collectedUnit(unit, decisions.get(location), unit.content),
    );
  }
  return collected;
}

function depthOf(location: string): number {
  return location.split('/node_modules/').length;
}

function collectedUnit(
  { item }: PackageUnit,
  decision: ScriptDecision | undefined,
  content: CollectedUnit['content'],
): CollectedUnit {
  const labels = (runs: readonly ScriptRun[]): readonly string[] => [
    ...new Set(runs.map(({ label }) => label)),
  ];
  const nativeFiles = content.facts.extra['nativeFiles'];
  const scripts = {
    ...(decision === undefined || decision.runs.length === 0 ? {} : { ran: labels(decision.runs) }),
    ...(decision === undefined || decision.skipped.length === 0 ? {} : { skipped: labels(decision.skipped) }),
  };
  return {
    kind: 'npm',
    name: item.name,
    version: item.version,
    path: item.location,
    ...(Array.isArray(nativeFiles) && nativeFiles.length > 0 ? { compiled: true } : {}),
    ...(Object.keys(scripts).length === 0 ? {} : { scripts }),
    content,
  };
}

function warnAboutIntegrity(fetcher: PackageFetcher, { progress }: EcosystemContext): void {
  const names = fetcher.withoutIntegrity;
  if (names.length === 0) return;
  progress.warn(
    `the lock has no integrity for ${names.join(', ')}: what was fetched first is remembered in this cache only`,
  );
}

function warnAboutNames(unit: PackageUnit | undefined, { progress }: EcosystemContext): void {
  if (unit === undefined || unit.facts.unpackable.length === 0) return;
  const names = unit.facts.unpackable.map((path) => `"${printable(path)}"`).join(', ');
  progress.warn(`${describePackage(unit.item)}: left out files whose names a release may not hold: ${names}`);
}
