// The environment of what runs in a release. Commands of a person (`run`) inherit the person's; hooks, checks and
// candidates get a clean one, so that they do on every host and from every shell the same.
import type { EnvRule, Manifest } from '@salver/core';
import { readEnvFile } from './env-file.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a clean environment takes over from the process's own, beside the variables the app declares. */
const KEPT_NAMES: ReadonlySet<string> = new Set(
  'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR XDG_RUNTIME_DIR'.split(' '),
);
const KEPT_PREFIX = 'LC_';
const PATH_DEFAULT = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Defaults that the release declares, under what is set. */
export function withDefaults(manifest: Manifest | undefined, env: Environment): Environment {
  const defaults = Object.entries<EnvRule>(manifest?.host.env ?? {}).filter(
    ([, rule]) => rule.default !== undefined,
  );
  return { ...Object.fromEntries(defaults.map(([name, rule]) => [name, rule.default])), ...defined(env) };
}

/** PATH with the release's own programs first; for Python, what keeps it in the release and the release unchanged. */
export function programVariables(
  manifest: Manifest | undefined,
  directory: string,
  path: string | undefined,
): Readonly<Record<string, string>> {
  const isPython = manifest?.needs.python !== undefined;
  const own = [...(isPython ? [`${directory}/.venv/bin`] : []), `${directory}/node_modules/.bin`];
  return {
    PATH: [...own, ...(path === undefined ? [] : [path])].join(':'),
    ...(isPython ? { PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1' } : {}),
  };
}

/** Variables that lead a release's Python to other modules. */
const PYTHON_VARIABLES: ReadonlySet<string> = new Set(['PYTHONHOME', 'PYTHONPATH', 'VIRTUAL_ENV']);

/** A person's environment without what would mix another Python into the release. */
export function withoutPythonVariables(manifest: Manifest | undefined, env: Environment): Environment {
  if (manifest?.needs.python === undefined) return env;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !PYTHON_VARIABLES.has(name)));
}

export interface CleanEnvironmentOptions {
  readonly paths: HostPaths;
  readonly release: string;
  readonly manifest: Manifest | undefined;
  /** Environment of this process. */
  readonly env: Environment;
  /** SALVER_ variables and others that win over everything. */
  readonly own: Readonly<Record<string, string>>;
}

/** Throws E_CONFIG_INVALID when config/env cannot be read. */
export function cleanEnvironment(options: CleanEnvironmentOptions): Record<string, string> {
  const { paths, release, manifest, env, own } = options;
  const declared = new Set(Object.keys(manifest?.host.env ?? {}));
  const kept = Object.entries(env).filter(
    ([name]) => KEPT_NAMES.has(name) || name.startsWith(KEPT_PREFIX) || declared.has(name),
  );
  const settings = Object.fromEntries(readEnvFile(paths.envFile));
  const merged = withDefaults(manifest, { ...Object.fromEntries(kept), ...settings });
  const directory = releasePath(paths, release);
  return {
    ...defined(merged),
    ...programVariables(manifest, directory, merged['PATH'] ?? PATH_DEFAULT),
    SALVER_ROOT: paths.root,
    SALVER_RELEASE: release,
    SALVER_RELEASE_DIR: directory,
    ...own,
  };
}

function defined(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
