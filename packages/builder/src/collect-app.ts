// The app's own files: listed in the source or left by the app's build, checked for secrets, packed into one unit, with
// the assets among them in units of their own.
import { formatTarget } from '@salver/core';
import type {
  BuildFindings,
  BuildTree,
  CollectedUnit,
  CollectedUnits,
  EcosystemPlan,
  FinishedUnit,
  PackEntry,
  Progress,
  Target,
} from '@salver/core';
import { appEntries } from './app-entries.js';
import type { OpenedCache } from './build-cache.js';
import { checkSignal } from './check-signal.js';
import { packAssets, splitAssets } from './collect-assets.js';
import type { CollectedAssets, SplitFiles } from './collect-assets.js';
import { withCleanCopy } from './clean-copy.js';
import { listBuilt, listSource } from './list-source.js';
import type { ListOptions } from './list-source.js';
import type { BuildConfig } from './load-config.js';
import { guardSecrets } from './secret-guard.js';
import { toPackEntry } from './source-file.js';
import type { SourceFile } from './source-file.js';
import type { WorkspaceScope } from './workspace-scope.js';

export interface AppOptions {
  readonly projectDir: string;
  readonly config: BuildConfig;
  readonly target: Target;
  readonly cache: OpenedCache;
  readonly plans: readonly EcosystemPlan[];
  /** Where only a part of the project ships. */
  readonly scope?: WorkspaceScope;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The units of a release, as far as the app decides them. */
export interface AppResult {
  /** Units of the ecosystems, those that the build changed replaced. */
  readonly dependencies: readonly CollectedUnit[];
  readonly assets: CollectedAssets;
  readonly app: CollectedUnit;
  readonly findings: BuildFindings;
}

/** Commands of the app's own build, in order. Empty: there is none. */
export function buildCommands(config: BuildConfig, plans: readonly EcosystemPlan[]): readonly string[] {
  return config.build ?? plans.flatMap((plan) => plan.defaultBuild);
}

/** True when the source cannot ship as it is: commands must run first. */
export function needsBuild(config: BuildConfig, plans: readonly EcosystemPlan[]): boolean {
  return buildCommands(config, plans).length > 0 || plans.some((plan) => plan.hasLifecycle || plan.hasFinish);
}

/**
 * What ships of the source, checked for secrets: before a build could carry them into bundles, where they are harder to
 * find, and before anything is fetched. Throws E_SECRET_FOUND and as `listSource`.
 */
export async function listAppSource(options: AppOptions): Promise<readonly SourceFile[]> {
  const files = await listSource(listOptions(options, options.projectDir));
  const { allow } = options.config.secrets;
  const isFinal = !needsBuild(options.config, options.plans);
  guardSecrets(shippedOf(files, options).map(toPackEntry), {
    allow,
    env: options.env,
    ...(isFinal ? { progress: options.progress } : {}),
  });
  return files;
}

/** A source that is being packed. */
export interface BegunSource {
  readonly files: SplitFiles;
  readonly entries: readonly PackEntry[];
  readonly content: Promise<FinishedUnit>;
  readonly assets: Promise<CollectedAssets>;
}

/**
 * Begins to pack the source as it is: compression runs on other threads, beside whatever comes next.
 * {@link packSource} ends it; who does not get there waits for `content` and `assets` all the same. Throws
 * E_CONFIG_INVALID.
 */
export function beginSource(source: readonly SourceFile[], options: AppOptions): BegunSource {
  const files = splitAssets(shippedOf(source, options), options.config.assets);
  const entries = entriesOf(files, [], options);
  const content = options.cache.storeContentUnit('app', entries);
  const assets = packAssets(files.assets, executablePaths(options), options);
  // A failure shows when the content is asked for.
  content.catch(() => undefined);
  assets.catch(() => undefined);
  return { files, entries, content, assets };
}

/** Packs the source as it is. Throws E_PATH_UNSAFE, E_BUILD_INPUT_CHANGED, E_DISK_FULL, E_FILE_SYSTEM. */
export async function packSource(
  begun: BegunSource,
  collected: readonly CollectedUnits[],
  options: AppOptions,
): Promise<AppResult> {
  const dependencies = shipping(collected, options).flatMap(({ units }) => units);
  const assets = await begun.assets;
  const packed = await begun.content;
  // Units may lie in directories that hold no file of the app: only then there are more entries now.
  const isAll = entriesOf(begun.files, dependencies, options).length === begun.entries.length;
  const app = isAll ? appUnit(packed, options) : await packApp(begun.files, dependencies, options);
  return { dependencies, assets, app, findings: NO_FINDINGS };
}

/**
 * Runs the app's build in a clean copy and packs what it leaves. Throws as {@link packSource}, and E_SECRET_FOUND,
 * E_BUILD_COMMAND_FAILED, E_CONFIG_INVALID.
 */
export async function buildAndPack(
  source: readonly SourceFile[],
  collected: readonly CollectedUnits[],
  options: AppOptions,
): Promise<AppResult> {
  const { cache, config, target, env, progress } = options;
  const copy = { cache, name: `${config.name}-${formatTarget(target)}`, files: source };
  return withCleanCopy(copy, async (appDir) => {
    const trees = await runBuild(appDir, collected, options);
    const dependencies = await takeChanges(trees, collected, options);
    checkSignal(options.signal);
    const sourcePaths = new Set(source.map((file) => file.path));
    const list = (): readonly SourceFile[] =>
      shippedOf(listBuilt(listOptions(options, appDir), sourcePaths), options);
    const findings = await finishTrees(trees, options, () => list().map(({ path }) => path));
    const built = list();
    guardSecrets(built.map(toPackEntry), { allow: config.secrets.allow, env, progress });
    const files = splitAssets(built, config.assets);
    const assets = await packAssets(files.assets, executablePaths(options), options);
    return { dependencies, assets, app: await packApp(files, dependencies, options), findings };
  });
}

async function runBuild(
  appDir: string,
  collected: readonly CollectedUnits[],
  options: AppOptions,
): Promise<readonly BuildTree[]> {
  const { plans, config } = options;
  const trees: BuildTree[] = [];
  for (const [index, plan] of plans.entries()) {
    const tree = await plan.layOut(appDir, collected[index] as CollectedUnits);
    trees.push(tree);
    checkSignal(options.signal);
    if (plan.hasLifecycle) await tree.runLifecycle();
  }
  for (const [index, tree] of trees.entries()) {
    // Commands of the configuration run once, in the environment of the first ecosystem.
    const commands =
      config.build === undefined ? plans[index]?.defaultBuild : index === 0 ? config.build : [];
    for (const command of commands ?? []) {
      checkSignal(options.signal);
      const others = trees.filter((other) => other !== tree).flatMap((other) => other.programDirectories);
      await tree.runCommand(command, others);
    }
  }
  return trees;
}

const NO_FINDINGS: BuildFindings = { migrations: [] };

/** One ecosystem at most has the app's framework. */
async function finishTrees(
  trees: readonly BuildTree[],
  { plans }: AppOptions,
  listShipped: () => readonly string[],
): Promise<BuildFindings> {
  const index = plans.findIndex((plan) => plan.hasFinish);
  return (await trees[index]?.finish(listShipped)) ?? NO_FINDINGS;
}

/** What the build left is what ships: dependencies it changed are taken from disk. */
async function takeChanges(
  trees: readonly BuildTree[],
  collected: readonly CollectedUnits[],
  options: AppOptions,
): Promise<readonly CollectedUnit[]> {
  const result: CollectedUnit[] = [];
  const shipped = shipping(collected, options);
  for (const [index, each] of collected.entries()) {
    if (!shipped.includes(each)) continue;
    const { units } = each;
    const changes = await trees[index]?.collectChanges();
    const changed = new Map(changes?.changed.map((unit) => [placeOf(unit), unit]));
    const removed = new Set(changes?.removedPaths);
    for (const unit of units) {
      const replacement = changed.get(placeOf(unit));
      changed.delete(placeOf(unit));
      if (replacement !== undefined) result.push(replacement);
      else if (!removed.has(unit.path)) result.push(unit);
    }
    result.push(...changed.values());
  }
  return result;
}

/** What ships: beside an ecosystem that serves the app, others are there for its build unless the configuration says else. */
export function shipping(
  collected: readonly CollectedUnits[],
  { plans, config }: Pick<AppOptions, 'plans' | 'config'>,
): readonly CollectedUnits[] {
  const hasServer = plans.some((plan) => plan.servesApp);
  const isBuildOnly = config.dependencies.buildOnly ?? hasServer;
  return collected.filter((_, index) => !isBuildOnly || plans[index]?.servesApp === true);
}

function placeOf(unit: CollectedUnit): string {
  return `${unit.kind}\n${unit.path}`;
}

function listOptions(options: AppOptions, root: string): ListOptions {
  const { config, plans, scope, env, progress } = options;
  return {
    root,
    include: config.files.include,
    exclude: config.files.exclude,
    ownPaths: plans.flatMap((plan) => plan.ownedDirectories),
    // The lock of a whole repository changes with all of its apps.
    required:
      scope === undefined ? plans.flatMap((plan) => plan.requiredFiles) : [`${scope.directory}/package.json`],
    env,
    progress,
  };
}

function shippedOf(files: readonly SourceFile[], { scope }: AppOptions): readonly SourceFile[] {
  return scope === undefined ? files : files.filter(({ path }) => scope.ships(path));
}

async function packApp(
  files: SplitFiles,
  dependencies: readonly CollectedUnit[],
  options: AppOptions,
): Promise<CollectedUnit> {
  const step = options.progress.step('packing the app', 'files');
  const content = await options.cache.storeContentUnit('app', entriesOf(files, dependencies, options));
  step.end(`${files.app.length} files`);
  return appUnit(content, options);
}

function entriesOf(
  files: SplitFiles,
  dependencies: readonly CollectedUnit[],
  options: AppOptions,
): readonly PackEntry[] {
  const unitPaths = dependencies.map((unit) => unit.path);
  const assetPaths = files.assets.map(({ settings }) => settings.directory);
  return appEntries(files.app, [...unitPaths, ...assetPaths], executablePaths(options));
}

function executablePaths({ plans }: AppOptions): ReadonlySet<string> {
  return new Set(plans.flatMap((plan) => plan.executablePaths));
}

function appUnit(content: FinishedUnit, { config }: AppOptions): CollectedUnit {
  return { kind: 'app', name: config.name, path: '', content };
}
