// npm's configuration layers: environment, project, user, global, npm's own file. Written here because
// @npmcli/config costs 18 ms per start (measured, bundled; this takes under 3) and wants to know where
// npm is installed; test/npm-options.test.ts compares the two.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, fileSystemError } from '@salver/core';
import { parseNpmrc } from './npmrc-file.js';
import type { NpmrcValue } from './npmrc-file.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** Settings after layering and `${VAR}` expansion. Holds credentials: never print values. */
export interface NpmConfig {
  readonly settings: ReadonlyMap<string, NpmrcValue>;
  /** Names of variables that a file uses but the environment lacks. */
  readonly undefinedVariables: readonly string[];
  readonly home: string;
}

type Layer = ReadonlyMap<string, NpmrcValue>;

const EMPTY: Layer = new Map();

/**
 * Reads all layers. `execPath` is where Node lies: its prefix has npm's global files.
 * Throws E_FILE_SYSTEM for a file that exists but cannot be read.
 */
export function loadNpmConfig(projectDir: string, env: Env, execPath: string = process.execPath): NpmConfig {
  const home = env['HOME'] ?? homedir();
  const prefix = env['PREFIX'] ?? join(env['DESTDIR'] ?? '', dirname(dirname(execPath)));
  const undefinedVariables = new Set<string>();
  const expand = (layer: Layer): Layer => expandLayer(layer, env, undefinedVariables);
  const asPath = (value: NpmrcValue | undefined, fallback: string): string =>
    typeof value === 'string' && value !== '' ? resolveHome(value, home) : fallback;

  const builtin = expand(readLayer(join(prefix, 'lib/node_modules/npm/npmrc')));
  const fromEnv = expand(readEnvLayer(env));
  const projectFile = resolve(projectDir, '.npmrc');
  const projectLayer = expand(readLayer(projectFile));
  const userFile = asPath(first('userconfig', [fromEnv, projectLayer, builtin]), join(home, '.npmrc'));
  // A project in the home directory: the one file is the user's.
  const project = userFile === projectFile ? EMPTY : projectLayer;
  const user = expand(readLayer(userFile));
  const globalPrefix = asPath(first('prefix', [fromEnv, project, user, builtin]), prefix);
  const globalFile = asPath(
    first('globalconfig', [fromEnv, project, user, builtin]),
    join(globalPrefix, 'etc/npmrc'),
  );
  const global = expand(readLayer(globalFile));
  const settings = new Map<string, NpmrcValue>();
  for (const layer of [builtin, global, user, project, fromEnv]) {
    for (const [key, value] of layer) settings.set(key, value);
  }
  return { settings, undefinedVariables: [...undefinedVariables], home };
}

/** Absolute path of a setting; `~/` is the home directory. */
export function resolveHome(path: string, home: string): string {
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(path);
}

function first(key: string, layers: readonly Layer[]): NpmrcValue | undefined {
  return layers.find((layer) => layer.has(key))?.get(key);
}

/** Synchronous: five files of which most do not exist cost 5 ms through the thread pool. */
function readLayer(path: string): Layer {
  try {
    return parseNpmrc(readFileSync(path, 'utf8'));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return EMPTY;
    throw fileSystemError(error, `cannot read ${path}`);
  }
}

/** `npm_config_fetch_retries` -> `fetch-retries`; keys that begin with `//` are left as they are. */
function readEnvLayer(env: Env): Layer {
  const layer = new Map<string, NpmrcValue>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '' || !/^npm_config_/i.test(name)) continue;
    const key = name.slice('npm_config_'.length);
    layer.set(key.startsWith('//') ? key : key.replace(/(?!^)_/g, '-').toLowerCase(), value);
  }
  return layer;
}

/** `${NAME}`, `${NAME?}` (empty when undefined); an odd number of backslashes before it escapes it. */
const VARIABLE = /(?<!\\)(\\*)\$\{([^${}?]+)(\?)?\}/g;

function expandLayer(layer: Layer, env: Env, missing: Set<string>): Layer {
  const expand = (text: string): string =>
    text.trim().replace(VARIABLE, (whole: string, slashes: string, name: string, optional?: string) => {
      if (slashes.length % 2 === 1) return whole.slice((slashes.length + 1) / 2);
      const value = env[name];
      if (value === undefined && optional === undefined) missing.add(name);
      return slashes.slice(slashes.length / 2) + (value ?? (optional === undefined ? `\${${name}}` : ''));
    });
  const expanded = new Map<string, NpmrcValue>();
  for (const [key, value] of layer) {
    expanded.set(expand(key), typeof value === 'string' ? expand(value) : value.map(expand));
  }
  return expanded;
}
