// source tree -> artifact: the steps of a build, in order (DESIGN 3).
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SalverError, hostTarget, isSalverError } from '@salver/core';
import type {
  CollectedUnit,
  CollectedUnits,
  Ecosystem,
  EcosystemPlan,
  FinishedUnit,
  Manifest,
  Progress,
  SourceLabel,
  Target,
} from '@salver/core';
import type { OpenedCache } from './build-cache.js';
import { checkSignal } from './check-signal.js';
import {
  beginSource,
  buildAndPack,
  buildCommands,
  listAppSource,
  needsBuild,
  packSource,
  shipping,
} from './collect-app.js';
import type { AppOptions, AppResult } from './collect-app.js';
import type { AssetCounts } from './collect-assets.js';
import { installScriptUnit } from './install-script-unit.js';
import { loadConfig } from './load-config.js';
import type { BuildConfig } from './load-config.js';
import { makeManifest } from './make-manifest.js';
import { PhaseClock } from './phase-clock.js';
import { planEcosystems } from './plan-build.js';
import { writeProvenance } from './provenance.js';
import type { SourceFile } from './source-file.js';
import { readSourceLabel } from './source-label.js';
import { relocateConfig, workspaceDirectory, workspaceScope } from './workspace-scope.js';
import { writeArtifact } from './write-artifact.js';
import type { WrittenArtifact } from './write-artifact.js';

export interface BuildOptions {
  /** The project: where its lockfile lies. Never written to, unless the output goes there. */
  readonly projectDir: string;
  /** Where the artifact goes; made when missing. */
  readonly outputDir: string;
  readonly ecosystems: readonly Ecosystem[];
  readonly cache: OpenedCache;
  /** Text of `.salver/install.sh`. */
  readonly installScript: string;
  /** Version of Salver, for the provenance. */
  readonly builderVersion: string;
  readonly progress: Progress;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Fetch nothing. Default false. */
  readonly offline?: boolean;
  /** Refuse lock entries without integrity, whatever the configuration says. Default false. */
  readonly strictIntegrity?: boolean;
  /** What to build for. Default: what the configuration says, else this machine. */
  readonly target?: Target;
  /** Directory of the workspace that is the app, relative to the project. Default: the project is the app. */
  readonly workspace?: string;
  /** Do everything but write the artifact. Default false. */
  readonly dryRun?: boolean;
}

export interface BuildResult {
  /** Absolute path of the artifact. */
  readonly artifact: string;
  /** Release id, 64 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** e.g. `linux-x64-glibc`. */
  readonly target: string;
  readonly sizeBytes: number;
  /** How many units the release has. */
  readonly units: number;
  /** False when exactly this file was there already. */
  readonly isNew: boolean;
  readonly phasesMs: Readonly<Record<string, number>>;
  readonly packagesTotal: number;
  readonly packagesCached: number;
  readonly downloadedBytes: number;
  readonly assets: AssetCounts;
  readonly compiled: readonly string[];
  readonly scriptsRan: readonly string[];
  readonly scriptsSkipped: readonly string[];
  readonly warnings: readonly string[];
}

/** Everything known before dependencies are collected. */
interface Prepared {
  readonly options: BuildOptions;
  readonly app: AppOptions;
  readonly plans: readonly EcosystemPlan[];
  readonly clock: PhaseClock;
}

/** What one attempt at collecting and writing gave. */
interface Attempt {
  readonly collected: readonly CollectedUnits[];
  readonly units: readonly CollectedUnit[];
  readonly result: AppResult;
  readonly manifest: Manifest;
  readonly written: WrittenArtifact;
  readonly label: SourceLabel;
}

/**
 * Builds one release. Same source, lockfile and target give the same release id. Nothing is left behind on failure.
 * Throws E_CONFIG_INVALID, E_SECRET_FOUND, E_BUILD_COMMAND_FAILED, E_BUILD_INPUT_CHANGED, E_PATH_UNSAFE, E_DISK_FULL,
 * E_FILE_SYSTEM, E_INTERRUPTED, and what the ecosystems throw.
 */
export async function buildRelease(given: BuildOptions): Promise<BuildResult> {
  const startedAt = new Date();
  const warnings: string[] = [];
  const options = { ...given, progress: collectingWarnings(given.progress, warnings) };
  const prepared = await prepare(options);
  const attempt = await withCacheOf(prepared, () => attemptTwice(prepared));
  if (options.dryRun !== true) await prepared.clock.time('shared', () => prepared.app.cache.share());
  const { manifest, written, collected } = attempt;
  if (options.dryRun !== true) recordProvenance(prepared, attempt, startedAt);
  return {
    artifact: written.artifact,
    id: written.id,
    name: manifest.name,
    version: manifest.version,
    target: manifest.target,
    sizeBytes: written.sizeBytes,
    units: attempt.units.length,
    isNew: written.isNew,
    phasesMs: prepared.clock.phasesMs(),
    ...sumUp(collected),
    assets: attempt.result.assets.counts,
    warnings,
  };
}

async function prepare(options: BuildOptions): Promise<Prepared> {
  const projectDir = resolve(options.projectDir);
  if (!existsSync(projectDir)) {
    throw new SalverError('E_USAGE', `there is no directory ${projectDir}`, {
      hint: 'pass the directory of the project',
    });
  }
  const clock = new PhaseClock();
  const workspace =
    options.workspace === undefined ? undefined : workspaceDirectory(projectDir, options.workspace);
  const config = await clock.time('config', () => loadConfigOf(projectDir, workspace));
  const target = options.target ?? config.target ?? hostTarget();
  const { progress, env, signal } = options;
  const cache = options.cache.forBuild({ app: config.name, target, progress });
  await clock.time('shared', () => cache.prefetch());
  const plans = await clock.time('plan', () =>
    planEcosystems(options.ecosystems, {
      projectDir,
      target,
      ...(workspace === undefined ? {} : { workspace }),
      settings: dependencySettings(config, options),
      python: config.python,
      cache,
      progress,
      env,
      signal,
      offline: options.offline ?? false,
    }),
  );
  const scope =
    workspace === undefined
      ? {}
      : { scope: workspaceScope({ projectDir, directory: workspace, plans, include: config.files.include }) };
  const app = { projectDir, config, target, cache, plans, env, progress, signal, ...scope };
  return { options, plans, clock, app };
}

function loadConfigOf(projectDir: string, workspace: string | undefined): BuildConfig {
  if (workspace === undefined) return loadConfig(projectDir);
  return relocateConfig(loadConfig(join(projectDir, workspace)), workspace);
}

function dependencySettings(config: BuildConfig, options: BuildOptions): BuildConfig['dependencies'] {
  return options.strictIntegrity === true
    ? { ...config.dependencies, strictIntegrity: true }
    : config.dependencies;
}

/** The units of a build that succeeded are what the next one will want. */
async function withCacheOf({ app, options }: Prepared, build: () => Promise<Attempt>): Promise<Attempt> {
  let units: readonly FinishedUnit[] = [];
  try {
    const attempt = await build();
    if (options.dryRun !== true) units = unitsToRemember(attempt);
    return attempt;
  } finally {
    app.cache.endBuild(units);
  }
}

/** The app's own units change with every build, and their members lie in the member store. */
function unitsToRemember({ units, result }: Attempt): readonly FinishedUnit[] {
  const others = units.filter(({ kind }) => kind !== 'app' && kind !== 'assets');
  return [...others.map(({ content }) => content), ...result.assets.forms];
}

/** A damaged cache entry is removed when it is found; the second attempt makes it anew. */
async function attemptTwice(prepared: Prepared): Promise<Attempt> {
  try {
    return await attemptBuild(prepared);
  } catch (error) {
    if (!isSalverError(error, 'E_CACHE_DAMAGED')) throw error;
    return attemptBuild(prepared);
  }
}

async function attemptBuild({ options, app, clock }: Prepared): Promise<Attempt> {
  const { signal, progress, outputDir, dryRun = false } = options;
  checkSignal(signal);
  const label = inBackground(readSourceLabel(app.projectDir, app.env));
  const source = await clock.time('source', () => listAppSource(app));
  const { collected, result } = await collectAndPack(source, app, clock);
  const units = [
    await installScriptUnit(app.cache, options.installScript),
    ...result.dependencies,
    ...result.assets.units,
    result.app,
  ];
  const declaredNeeds = shipping(collected, app).map((each) => each.needs);
  const { findings } = result;
  const manifest = makeManifest({ config: app.config, target: app.target, units, declaredNeeds, findings });
  checkSignal(signal);
  const labels = await label();
  const written = await clock.time('write', () =>
    writeArtifact({
      outputDir: resolve(outputDir),
      manifest,
      units,
      label: labels,
      progress,
      signal,
      dryRun,
    }),
  );
  return { collected, units, result, manifest, written, label: labels };
}

/** Work that runs beside other work (git beside ours): a failure is kept until somebody asks for the result. */
function inBackground<T>(work: Promise<T>): () => Promise<T> {
  work.catch(() => undefined);
  return () => work;
}

async function collectAll(
  plans: readonly EcosystemPlan[],
  signal: AbortSignal,
): Promise<readonly CollectedUnits[]> {
  const collected: CollectedUnits[] = [];
  for (const plan of plans) {
    collected.push(await plan.collectUnits());
    checkSignal(signal);
  }
  return collected;
}

interface Packed {
  readonly collected: readonly CollectedUnits[];
  readonly result: AppResult;
}

async function collectAndPack(
  source: readonly SourceFile[],
  app: AppOptions,
  clock: PhaseClock,
): Promise<Packed> {
  const { plans, config, signal } = app;
  const collect = (): Promise<readonly CollectedUnits[]> =>
    clock.time('collect', () => collectAll(plans, signal));
  if (needsBuild(config, plans)) {
    const collected = await collect();
    return { collected, result: await clock.time('build', () => buildAndPack(source, collected, app)) };
  }
  const begun = beginSource(source, app);
  try {
    const collected = await collect();
    return { collected, result: await clock.time('app', () => packSource(begun, collected, app)) };
  } finally {
    await Promise.allSettled([begun.content, begun.assets]);
  }
}

function recordProvenance({ options, app, plans }: Prepared, attempt: Attempt, startedAt: Date): void {
  const { manifest, label, written } = attempt;
  writeProvenance(written.artifact, written.isNew, {
    manifest,
    id: written.id,
    label,
    projectDir: app.projectDir,
    lockfiles: plans.map((plan) => plan.lockfile),
    build: buildCommands(app.config, plans),
    secretExceptions: app.config.secrets.allow,
    builderVersion: options.builderVersion,
    startedAt,
  });
}

function sumUp(
  collected: readonly CollectedUnits[],
): Pick<
  BuildResult,
  'packagesTotal' | 'packagesCached' | 'downloadedBytes' | 'compiled' | 'scriptsRan' | 'scriptsSkipped'
> {
  const sum = (count: (each: CollectedUnits) => number): number =>
    collected.reduce((total, each) => total + count(each), 0);
  return {
    packagesTotal: sum((each) => each.packagesTotal),
    packagesCached: sum((each) => each.packagesCached),
    downloadedBytes: sum((each) => each.downloadedBytes),
    compiled: collected.flatMap((each) => each.compiled),
    scriptsRan: collected.flatMap((each) => each.scriptsRan),
    scriptsSkipped: collected.flatMap((each) => each.scriptsSkipped),
  };
}

/** Warnings go to the progress as they come, and into the result. */
function collectingWarnings(progress: Progress, warnings: string[]): Progress {
  return {
    step: (name, unit) => progress.step(name, unit),
    note: (text) => progress.note(text),
    warn: (text) => {
      if (!warnings.includes(text)) warnings.push(text);
      progress.warn(text);
    },
  };
}
