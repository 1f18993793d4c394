// The plug-in interface: one language's locked dependencies become units.
import type { BuildCache, FinishedUnit } from './build-cache.js';
import type { Target } from './target.js';
import type { Progress } from './progress.js';
import type { NodeNeeds } from './needs.js';
import type { UnitScripts } from './manifest.js';

/** What the user configured about dependencies (salver.json, DESIGN 7). All optional. */
export interface DependencySettings {
  /** Refuse entries without integrity instead of recording what was seen. Default false. */
  readonly strictIntegrity?: boolean;
  /** Git dependencies that may be used, by package name; `true` allows all. Default none. */
  readonly allowGit?: boolean | readonly string[];
  /** Remote tarballs outside the registry (by package name); `true` allows all. Default true if the lock has integrity. */
  readonly allowRemote?: boolean | readonly string[];
  /** Install scripts by package (`name`, `name@1.2.3`): overrides `allowScripts` of package.json. */
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

export interface EcosystemContext {
  /** Absolute path of the project (where the lockfile lies). Never written to. */
  readonly projectDir: string;
  readonly target: Target;
  /** Directory of the one workspace that is the app, relative to the project; undefined: the project is the app. */
  readonly workspace?: string;
  readonly settings: DependencySettings;
  readonly cache: BuildCache;
  readonly progress: Progress;
  /** Environment of the builder; scripts get a copy with what npm adds. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts downloads and kills scripts. Rejections then carry E_INTERRUPTED. */
  readonly signal: AbortSignal;
  /** True: nothing is fetched; what is not in the cache is E_REGISTRY_UNREACHABLE. */
  readonly offline: boolean;
}

/** A finished unit with its place in the release. */
export interface CollectedUnit {
  readonly kind: string;
  readonly name: string;
  readonly version?: string;
  readonly path: string;
  readonly compiled?: boolean;
  readonly scripts?: UnitScripts;
  readonly content: FinishedUnit;
}

export interface CollectedUnits {
  /** In artifact order. */
  readonly units: readonly CollectedUnit[];
  /** What the ecosystem asks of the host beyond the measured needs, e.g. `engines`. */
  readonly nodeNeeds: NodeNeeds;
  readonly packagesTotal: number;
  readonly packagesCached: number;
  readonly downloadedBytes: number;
  /** `name@version` of every package compiled in this run (not from the cache). */
  readonly compiled: readonly string[];
  /** `name@version: script` of every install script that ran / was skipped, cached ones included. */
  readonly scriptsRan: readonly string[];
  readonly scriptsSkipped: readonly string[];
}

/** Dependencies laid out in a clean copy of the app, ready for the app's own build. */
export interface BuildTree {
  /**
   * Runs the project's lifecycle scripts that `npm ci` runs for the root (preinstall … prepare).
   * Throws E_BUILD_COMMAND_FAILED with the end of the output.
   */
  runLifecycle(): Promise<void>;
  /** Runs one command line, in the directory of the app (that of the workspace, if it is one), with the environment and PATH an npm script has. Throws E_BUILD_COMMAND_FAILED. */
  runCommand(command: string): Promise<void>;
  /**
   * What the build left differently: production units whose files on disk differ from the collected
   * ones, finished from disk, and new ones below node_modules (e.g. `.prisma`). Units that the build
   * removed are listed by path.
   */
  collectChanges(): Promise<{
    readonly changed: readonly CollectedUnit[];
    readonly removedPaths: readonly string[];
  }>;
}

export interface EcosystemPlan {
  /** Lockfile the plan was read from, relative to the project. */
  readonly lockfile: string;
  /**
   * With `workspace`: its directory, and then those of the workspaces that it needs at run time. Undefined when the
   * ecosystem knows no workspaces.
   */
  readonly workspaces?: readonly string[];
  /** Default build commands when the configuration names none, e.g. `npm run build`; may be empty. */
  readonly defaultBuild: readonly string[];
  /** True when the root has lifecycle scripts that `npm ci` would run. */
  readonly hasLifecycle: boolean;
  /** Top-level directories that belong to the ecosystem, not to the app's files: `node_modules`. */
  readonly ownedDirectories: readonly string[];
  /** App files that are executable in the release whatever their mode is: bins of workspaces, as npm's linking makes them. */
  readonly executablePaths: readonly string[];
  /** Fetches, verifies, transcodes and compiles what is not in the cache. */
  collectUnits(): Promise<CollectedUnits>;
  /**
   * Lays out all dependencies, dev ones included, under `appDir` (a clean copy of the source) and
   * runs the install scripts of those that are not production dependencies, as the policy allows.
   * Files are private copies: a script that edits them in place cannot damage the cache.
   */
  layOut(appDir: string, collected: CollectedUnits): Promise<BuildTree>;
}

export interface Ecosystem {
  /** Short name for messages: `npm`. */
  readonly name: string;
  /** The lockfile (or manifest) that makes this ecosystem responsible for the project, or undefined. */
  detect(projectDir: string): Promise<string | undefined>;
  /**
   * Reads the lock and checks that it agrees with the project. No network.
   * Throws E_LOCK_MISSING, E_LOCK_INVALID, E_LOCK_UNSUPPORTED, E_LOCK_OUT_OF_SYNC, E_PLATFORM_UNSUPPORTED, ….
   */
  plan(context: EcosystemContext): Promise<EcosystemPlan>;
}
