// The Python interpreters of this host: found by name, asked what they are. The release names X.Y and an ABI; which
// program that is, is the host's business.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isExecutable } from './is-executable.js';

/** One interpreter. */
export interface PythonFacts {
  /** To link to: a name with X.Y in it where there is one, so that a patch upgrade keeps working. */
  readonly path: string;
  /** `3.11.7`. */
  readonly version: string;
  /** `cpython-311-x86_64-linux-gnu`. */
  readonly soabi: string;
  /** Where its own modules are; unknown for another machine's. */
  readonly library?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Where interpreters are, beside PATH: services and timers often have a short one. */
const DIRECTORIES = ['/usr/local/bin', '/usr/bin'];
const ASK_LIMIT_MS = 20_000;
const QUESTION = `
import json, os, platform, sys, sysconfig
print(json.dumps([sys.implementation.name, getattr(sys, "_base_executable", None) or sys.executable,
    platform.python_version(), sysconfig.get_config_var("SOABI") or "", os.path.dirname(os.__file__)]))
`;

/**
 * The interpreter for `version` (`3.11`): the one that is configured, else `python3.11` or `python3` on PATH. Where
 * none fits, the first that runs at all, so that a message can say what is there; undefined without any.
 */
export function findPython(version: string, env: Env, configured?: string): PythonFacts | undefined {
  let other: PythonFacts | undefined;
  const programs = configured === undefined ? candidates([`python${version}`, 'python3'], env) : [configured];
  for (const program of programs) {
    const found = askPython(program);
    if (found?.version.startsWith(`${version}.`) === true) return found;
    other ??= found;
  }
  return other;
}

/** What SALVER_PYTHON or the root's `config/python` names: an absolute path. */
export function configuredPython(env: Env, file?: string): string | undefined {
  const fromEnv = env['SALVER_PYTHON'];
  if (fromEnv !== undefined && fromEnv !== '') return fromEnv;
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Every version of Python 3 on PATH, for `facts`. */
export function listPythons(env: Env): readonly PythonFacts[] {
  const names = ['python3', ...Array.from({ length: 12 }, (_, index) => `python3.${index + 8}`)];
  const found = new Map<string, PythonFacts>();
  for (const program of candidates(names, env)) {
    const facts = askPython(program);
    if (facts !== undefined && !found.has(facts.path)) found.set(facts.path, facts);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function candidates(names: readonly string[], env: Env): readonly string[] {
  const directories = (env['PATH'] ?? '').split(':').filter((directory) => directory.startsWith('/'));
  const all = [...new Set([...directories, ...DIRECTORIES])];
  return names.flatMap((name) => all.map((directory) => `${directory}/${name}`)).filter(isExecutable);
}

/** Undefined for what is no CPython 3, or does not answer. */
export function askPython(program: string): PythonFacts | undefined {
  const result = spawnSync(program, ['-I', '-S', '-c', QUESTION], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: ASK_LIMIT_MS,
  });
  if (result.status !== 0) return undefined;
  try {
    const answer = JSON.parse(result.stdout) as readonly string[];
    const [name, path = '', version = '', soabi = '', library = ''] = answer;
    return name === 'cpython' ? { path: stableName(path, version), version, soabi, library } : undefined;
  } catch {
    return undefined;
  }
}

/** `/usr/bin/python3` will be another version one day; `/usr/bin/python3.11` beside it stays what it is. */
function stableName(path: string, version: string): string {
  const name = `python${version.split('.').slice(0, 2).join('.')}`;
  if (basename(path) === name) return path;
  const stable = `${dirname(path)}/${name}`;
  try {
    return realpathSync(stable) === realpathSync(path) ? stable : path;
  } catch {
    return path;
  }
}
