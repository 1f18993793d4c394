// The plug-in interface: one language's locked dependencies become units.
import type { BuildCache, FinishedUnit } from './build-cache.js';
import type { Target } from './target.js';
import type { Progress } from './progress.js';
import type { Needs } from './needs.js';
import type { Migration, MigrationEffect, UnitAssets, UnitScripts } from './manifest.js';

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
  /** The packages are there for the build only, and none ships. Default: true for npm beside a Django project. */
  readonly buildOnly?: boolean;
}

/** What the user configured about Django (salver.json, `django`). All optional. */
export interface DjangoSettings {
  /** False: the project is built as if it had no manage.py. Default true. */
  readonly enabled?: boolean;
  /** Settings module for the build. Default: that of manage.py. */
  readonly settings?: string;
  /** The environment in which settings are loaded at build; nothing of the builder's own is in it. */
  readonly buildEnv?: Readonly<Record<string, string>>;
  /** Default: when the settings have STATIC_ROOT. */
  readonly collectstatic?: boolean;
  /** Run the deployment checks; errors end the build. Default true. */
  readonly check?: boolean;
  /** What the project knows better of its migrations. */
  readonly migrations?: Readonly<Record<string, MigrationEffect>>;
  /** Write uwsgi.ini. Default: when uWSGI is locked. */
  readonly uwsgi?: boolean;
}

/** What the user configured about Python (salver.json, `python`). All optional. */
export interface PythonSettings {
  /** False: whatever the project holds, it has no Python part. Default true. */
  readonly enabled?: boolean;
  /** `3.11`: the interpreter to build for. Default: what `.python-version` says, else `python3` on PATH. */
  readonly version?: string;
  /** The lock, relative to the project. Default: pylock.toml, uv.lock, requirements.txt, in this order. */
  readonly lock?: string;
  readonly extras?: readonly string[];
  readonly groups?: readonly string[];
  /** `2.31`: the oldest glibc that hosts have; wheels for newer ones are not taken. Default: the builder's. */
  readonly glibc?: string;
  /** Requirements file with hashes: what source distributions are built with. */
  readonly buildRequirements?: string;
  /** Variables for building source distributions. */
  readonly buildEnv?: Readonly<Record<string, string>>;
  readonly django?: DjangoSettings;
}

export interface EcosystemContext {
  /** Absolute path of the project (where the lockfile lies). Never written to. */
  readonly projectDir: string;
  readonly target: Target;
  /** Directory of the one workspace that is the app, relative to the project; undefined: the project is the app. */
  readonly workspace?: string;
  readonly settings: DependencySettings;
  readonly python: PythonSettings;
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
  readonly assets?: UnitAssets;
  readonly content: FinishedUnit;
}

export interface CollectedUnits {
  /** In artifact order. */
  readonly units: readonly CollectedUnit[];
  /** What the ecosystem asks of the host beyond the measured needs, e.g. `engines`. */
  readonly needs: Needs;
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
  /** Where the programs of the dependencies are: absolute. */
  readonly programDirectories: readonly string[];
  /**
   * Runs one command line, in the directory of the app (that of the workspace, if it is one), with the environment and PATH that scripts of the ecosystem have. `programDirectories` are
   * those of the app's other ecosystems. Throws E_BUILD_COMMAND_FAILED.
   */
  runCommand(command: string, programDirectories?: readonly string[]): Promise<void>;
  /**
   * The ecosystem's own last steps, after all commands: what it writes into the app ships. `listShipped` lists the paths
   * of the app's files that ship as things are.
   */
  finish(listShipped: () => readonly string[]): Promise<BuildFindings>;
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

/** What an ecosystem finds out about the app when it is built. */
export interface BuildFindings {
  readonly migrations: readonly Migration[];
  /** What runs them, for apps that configure no `migrate` hook. */
  readonly migrateCommand?: string;
}

export interface EcosystemPlan {
  /** Lockfile the plan was read from, relative to the project. */
  readonly lockfile: string;
  /** Files that ship whatever git or an ignore file says, e.g. package.json and the lock. */
  readonly requiredFiles: readonly string[];
  /**
   * With `workspace`: its directory, and then those of the workspaces that it needs at run time. Undefined when the
   * ecosystem knows no workspaces.
   */
  readonly workspaces?: readonly string[];
  /** Default build commands when the configuration names none, e.g. `npm run build`; may be empty. */
  readonly defaultBuild: readonly string[];
  /** True when the root has lifecycle scripts that `npm ci` would run. */
  readonly hasLifecycle: boolean;
  /** True when the built app is looked at once more by {@link BuildTree.finish}. */
  readonly hasFinish: boolean;
  /** True when the app is of this ecosystem, and others are there for its build. */
  readonly servesApp: boolean;
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
  detect(context: Pick<EcosystemContext, 'projectDir' | 'python'>): Promise<string | undefined>;
  /**
   * Reads the lock and checks that it agrees with the project. No network.
   * Throws E_LOCK_MISSING, E_LOCK_INVALID, E_LOCK_UNSUPPORTED, E_LOCK_OUT_OF_SYNC, E_PLATFORM_UNSUPPORTED, ….
   */
  plan(context: EcosystemContext): Promise<EcosystemPlan>;
}
