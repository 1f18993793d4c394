// salver.json, or "salver" in package.json -> the configuration of one build. Nothing is required.
import { join } from 'node:path';
import { NAME_PATTERN, SalverError, VERSION_PATTERN, parseTarget, printable } from '@salver/core';
import type {
  CandidateRule,
  CheckRule,
  CrashPolicy,
  DependencySettings,
  DjangoSettings,
  HookRule,
  HostSettings,
  PythonSettings,
  ServeRule,
  Target,
} from '@salver/core';
import { assetSettings } from './asset-settings.js';
import type { AssetDirectory, AssetSettings } from './asset-settings.js';
import { CONFIG_SCHEMA } from './config-schema.js';
import { readJsonFile } from './project-json.js';
import { readPyprojectNames } from './pyproject-names.js';
import { findConfigProblem, isComment } from './validate-config.js';

export const CONFIG_FILE = 'salver.json';
const PACKAGE_FILE = 'package.json';

/** A file that may ship although the secret guard finds something in it. */
export interface SecretException {
  /** Path or glob. */
  readonly path: string;
  readonly reason: string;
}

/** The configuration, with everything that has a default filled in. */
export interface BuildConfig {
  /** Where it was found; undefined when nothing is configured. */
  readonly file: 'salver.json' | 'package.json' | undefined;
  readonly name: string;
  readonly version: string;
  /** Undefined: this machine. */
  readonly target: Target | undefined;
  /** Undefined: what the ecosystem finds. Empty: no build. */
  readonly build: readonly string[] | undefined;
  readonly files: { readonly include: readonly string[]; readonly exclude: readonly string[] };
  readonly assets: readonly AssetSettings[];
  readonly dependencies: DependencySettings;
  readonly python: PythonSettings;
  readonly secrets: { readonly allow: readonly SecretException[] };
  readonly stores: Readonly<Record<string, string>>;
  /** What goes into the manifest for the host to act upon. */
  readonly host: HostSettings;
}

/** The document after the check against the schema, comments removed. */
interface ConfigDocument {
  readonly name?: string;
  readonly version?: string;
  readonly target?: string;
  readonly build?: string | readonly string[];
  readonly files?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] };
  readonly assets?: AssetDirectory | readonly AssetDirectory[];
  readonly dependencies?: DependencySettings;
  readonly python?: PythonSettings | boolean;
  readonly django?: DjangoSettings | boolean;
  readonly secrets?: { readonly allow?: readonly SecretException[] };
  readonly stores?: Readonly<Record<string, string>>;
  readonly start?: string;
  readonly shared?: readonly string[];
  readonly env?: NonNullable<HostSettings['env']>;
  readonly hooks?: Readonly<Record<string, string | HookRule | CheckRule | CandidateRule>>;
  readonly serve?: ServeRule;
  readonly keep?: number;
  readonly onCrash?: CrashPolicy;
}

/** Reads and checks the configuration of a project. Throws E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function loadConfig(projectDir: string): BuildConfig {
  const packageJson = readPackageJson(projectDir);
  const own = readJsonFile(join(projectDir, CONFIG_FILE), CONFIG_FILE);
  const embedded = packageJson.salver;
  if (own !== undefined && embedded !== undefined) {
    throw new SalverError(
      'E_CONFIG_INVALID',
      `both ${CONFIG_FILE} and "salver" in ${PACKAGE_FILE} configure the build`,
      {
        hint: 'keep one of them',
      },
    );
  }
  const file = own !== undefined ? CONFIG_FILE : embedded !== undefined ? PACKAGE_FILE : undefined;
  const document = checkDocument(
    file === undefined ? {} : own === undefined ? embedded : own,
    file ?? CONFIG_FILE,
  );
  const names = packageJson.name === undefined ? readPyprojectNames(projectDir) : packageJson;
  return {
    file,
    name: document.name ?? defaultName(names.name),
    version: document.version ?? defaultVersion(names.version),
    target: document.target === undefined ? undefined : parseTarget(document.target),
    build: typeof document.build === 'string' ? [document.build] : document.build,
    files: { include: document.files?.include ?? [], exclude: document.files?.exclude ?? [] },
    assets: assetsOf(document, file ?? CONFIG_FILE),
    dependencies: document.dependencies ?? {},
    python: pythonSettings(document),
    secrets: { allow: document.secrets?.allow ?? [] },
    stores: document.stores ?? {},
    host: hostSettings(document),
  };
}

function readPackageJson(projectDir: string): Readonly<Record<string, unknown>> {
  const value = readJsonFile(join(projectDir, PACKAGE_FILE), PACKAGE_FILE) ?? {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SalverError('E_CONFIG_INVALID', `${PACKAGE_FILE} is not an object`);
  }
  return value as Record<string, unknown>;
}

function checkDocument(value: unknown, file: string): ConfigDocument {
  const found = findConfigProblem(value, CONFIG_SCHEMA);
  if (found !== undefined) throw invalid(file, found.key, found.problem, found.suggestion);
  const document = withoutComments(value) as ConfigDocument;
  const check = document.hooks?.check;
  if (typeof check === 'object') {
    const ways = ['http', 'tcp', 'run'].filter((way) => way in check);
    if (ways.length !== 1) throw invalid(file, 'hooks.check', 'must have exactly one of http, tcp and run');
  }
  checkCandidate(document, file);
  return document;
}

/** A candidate that can never pass on any host is refused where it can be mended. */
function checkCandidate({ start, hooks = {} }: ConfigDocument, file: string): void {
  const { candidate, check } = hooks;
  if (candidate === undefined) return;
  if (start === undefined) throw invalid(file, 'hooks.candidate', 'needs "start": the command that is run');
  const own = ['http', 'tcp', 'run'].filter((way) => way in (candidate as object));
  if (own.length > 1) throw invalid(file, 'hooks.candidate', 'must have at most one of http, tcp and run');
  if (own.length === 0 && check === undefined)
    throw invalid(file, 'hooks.candidate', 'must have one of http, tcp and run, as there is no hooks.check');
}

function pythonSettings({ python = {}, django }: ConfigDocument): PythonSettings {
  return { ...switchable(python), ...(django === undefined ? {} : { django: switchable(django) }) };
}

/** `false` switches something off, `true` asks for its defaults. */
function switchable<T extends { readonly enabled?: boolean }>(
  settings: T | boolean,
): T | { readonly enabled: boolean } {
  return typeof settings === 'boolean' ? { enabled: settings } : settings;
}

function assetsOf({ assets = [], shared = [] }: ConfigDocument, file: string): readonly AssetSettings[] {
  const { settings, problem } = assetSettings(assets, shared);
  if (problem !== undefined) throw invalid(file, problem.key, problem.text);
  return settings;
}

function invalid(file: string, key: string, problem: string, suggestion?: string): SalverError {
  const hint =
    suggestion === undefined
      ? 'see the list of keys in the documentation of salver.json'
      : `did you mean "${suggestion}"?`;
  return new SalverError('E_CONFIG_INVALID', `${file}: ${key === '' ? 'the document' : key} ${problem}`, {
    hint,
    facts: { file, key, ...(suggestion === undefined ? {} : { suggestion }) },
  });
}

function withoutComments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutComments);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !isComment(key))
      .map(([key, item]) => [key, withoutComments(item)]),
  );
}

/** Used where package.json names nothing. Never the directory: the release would depend on where it is built. */
const NAME_DEFAULT = 'app';

function defaultName(packageName: unknown): string {
  if (packageName === undefined || packageName === '') return NAME_DEFAULT;
  // `@acme/shop` becomes `acme-shop`: the scope keeps apart what is apart.
  const name =
    typeof packageName === 'string' ? packageName.toLowerCase().replace(/^@/, '').replace('/', '-') : '';
  if (NAME_PATTERN.test(name)) return name;
  throw new SalverError(
    'E_CONFIG_INVALID',
    `the name of the project cannot be used for files: ${printable(JSON.stringify(packageName))}`,
    {
      hint: `set "name" in ${CONFIG_FILE}: lower-case letters, digits, ".", "_" and "-"`,
      facts: { key: 'name' },
    },
  );
}

const VERSION_DEFAULT = '0.0.0';

function defaultVersion(packageVersion: unknown): string {
  if (packageVersion === undefined || packageVersion === '') return VERSION_DEFAULT;
  if (typeof packageVersion === 'string' && VERSION_PATTERN.test(packageVersion)) return packageVersion;
  throw new SalverError(
    'E_CONFIG_INVALID',
    `the version of the project cannot be used for files: ${printable(JSON.stringify(packageVersion))}`,
    { hint: `set "version" in ${CONFIG_FILE}`, facts: { key: 'version' } },
  );
}

function hostSettings(document: ConfigDocument): HostSettings {
  const { start, shared, env, hooks, serve, keep, onCrash } = document;
  return {
    ...(start === undefined ? {} : { start }),
    ...(shared === undefined ? {} : { shared }),
    ...(env === undefined ? {} : { env }),
    ...(hooks === undefined ? {} : { hooks: hookRules(hooks) }),
    ...(serve === undefined ? {} : { serve }),
    ...(keep === undefined ? {} : { keep }),
    ...(onCrash === undefined ? {} : { onCrash }),
  };
}

function hookRules(hooks: NonNullable<ConfigDocument['hooks']>): NonNullable<HostSettings['hooks']> {
  return Object.fromEntries(
    Object.entries(hooks).map(([name, rule]) => {
      if (typeof rule !== 'string') return [name, rule];
      return [name, name === 'check' && /^https?:\/\//.test(rule) ? { http: rule } : { run: rule }];
    }),
  );
}
