// The environment npm gives to scripts: everything it was started with, its configuration as
// `npm_config_*`, facts about the package, and a PATH that begins with every node_modules/.bin above.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isObject } from './lockfile-shape.js';
import { loadNpmConfig } from './npm-config.js';
import type { NpmProgram } from './npm-program.js';

type Env = Readonly<Record<string, string | undefined>>;

export interface ScriptEnvironmentInput {
  /** Whose .npmrc counts. */
  readonly projectDir: string;
  /** Top of the tree the scripts run in: a clean copy or a sparse layout. */
  readonly rootDir: string;
  readonly env: Env;
  readonly npm: NpmProgram;
  /** `ci` for install scripts, `run-script` for commands of the app. */
  readonly command: 'ci' | 'run-script';
  readonly execPath?: string;
}

export interface ScriptScope {
  /** Absolute directory of the package: where the script runs. */
  readonly packageDir: string;
  /** Parsed package.json. */
  readonly manifest: unknown;
  readonly event: string;
  readonly script: string;
  /** More variables, e.g. `npm_package_integrity`. */
  readonly extra?: Readonly<Record<string, string>>;
}

export type ScriptEnvironment = (scope: ScriptScope) => Readonly<Record<string, string>>;

/** Prepares what all scripts of one tree share. NODE_ENV is left out: it would change what tools build. */
export function createScriptEnvironment(input: ScriptEnvironmentInput): ScriptEnvironment {
  const execPath = input.execPath ?? process.execPath;
  const base: Record<string, string> = {};
  for (const [name, value] of Object.entries(input.env)) {
    if (value !== undefined && name !== 'NODE_ENV') base[name] = value;
  }
  Object.assign(base, configVariables(input, base));
  base['npm_config_nodedir'] ??= matchingNodedir(execPath) ?? '';
  if (base['npm_config_nodedir'] === '') delete base['npm_config_nodedir'];
  Object.assign(base, npmVariables(input, execPath));
  return (scope) => ({
    ...base,
    ...packageVariables(scope.manifest),
    ...scope.extra,
    npm_package_json: join(scope.packageDir, 'package.json'),
    npm_lifecycle_event: scope.event,
    npm_lifecycle_script: scope.script,
    PATH: scriptPath(scope.packageDir, input.npm, base['PATH']),
  });
}

/** Settings of .npmrc files as variables. Credentials and scopes stay out, as in npm. */
function configVariables(
  { projectDir, env }: ScriptEnvironmentInput,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  const taken = new Set(Object.keys(known).map((name) => name.toLowerCase()));
  for (const [key, value] of loadNpmConfig(projectDir, env).settings) {
    const name = `npm_config_${key.replaceAll('-', '_').toLowerCase()}`;
    if (/^[/@_]/.test(key) || key.includes(':') || taken.has(name)) continue;
    variables[name] = typeof value === 'string' ? value : value.join('\n\n');
  }
  // What decides about installing is ours; a script that calls npm must not inherit `omit`.
  for (const key of ['omit', 'production', 'only', 'include']) delete variables[`npm_config_${key}`];
  return variables;
}

function npmVariables(
  { rootDir, npm, command }: ScriptEnvironmentInput,
  execPath: string,
): Record<string, string> {
  return {
    INIT_CWD: rootDir,
    NODE: execPath,
    COLOR: '0',
    npm_node_execpath: execPath,
    npm_execpath: npm.cliPath,
    npm_command: command,
    npm_config_node_gyp: npm.nodeGypPath,
    npm_config_local_prefix: rootDir,
    npm_config_npm_version: npm.version,
    npm_config_user_agent: `npm/${npm.version} node/${process.version} ${process.platform} ${process.arch} workspaces/false`,
  };
}

/** Node's own prefix when it holds the headers of exactly this Node: then nothing needs to be downloaded. */
export function matchingNodedir(execPath: string): string | undefined {
  const prefix = dirname(dirname(realpathSync(execPath)));
  const header = join(prefix, 'include/node/node_version.h');
  if (!existsSync(header)) return undefined;
  const text = readFileSync(header, 'utf8');
  const part = (name: string): string =>
    new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1] ?? '';
  const version = `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
  return version === process.version ? prefix : undefined;
}

function scriptPath(packageDir: string, npm: NpmProgram, path: string | undefined): string {
  const directories: string[] = [];
  for (let directory = packageDir; ; directory = dirname(directory)) {
    directories.push(resolve(directory, 'node_modules', '.bin'));
    if (directory === dirname(directory)) break;
  }
  if (npm.nodeGypBinDir !== undefined) directories.push(npm.nodeGypBinDir);
  if (path !== undefined) directories.push(path);
  return directories.join(delimiter);
}

/** `npm_package_name`, `_version`, `_config_*`, `_engines_*`, `_bin_*`. */
function packageVariables(manifest: unknown): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  if (!isObject(manifest)) return variables;
  for (const key of ['name', 'version', 'config', 'engines', 'bin']) {
    addVariables(variables, `npm_package_${key}`, manifest[key]);
  }
  return variables;
}

function addVariables(variables: Record<string, string>, name: string, value: unknown): void {
  if (value === undefined) return;
  if (value === null || value === false) variables[name] = '';
  else if (Array.isArray(value))
    value.forEach((item, index) => addVariables(variables, `${name}_${index}`, item));
  else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) addVariables(variables, `${name}_${key}`, inner);
  } else if (typeof value === 'string' || typeof value === 'number' || value === true) {
    variables[name] = String(value);
  }
}
