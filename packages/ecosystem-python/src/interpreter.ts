// The Python that builds: found by its version, asked what it is. Everything that depends on the interpreter (markers,
// tags, bytecode) comes from its answers, never from Node's idea of the machine.
import { execFile } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SalverError, printable } from '@salver/core';
import type { BuildCache, Target } from '@salver/core';

export interface Interpreter {
  /** To be run: absolute, unresolved, outside any virtual environment. */
  readonly path: string;
  /** `3.11`. */
  readonly version: string;
  /** `3.11.7`. */
  readonly fullVersion: string;
  /** `cpython-311-x86_64-linux-gnu`. */
  readonly soabi: string;
  /** Hex digits of `importlib.util.MAGIC_NUMBER`: what bytecode is for. */
  readonly magic: string;
  readonly freeThreaded: boolean;
  /** `x86_64`. */
  readonly machine: string;
  /** Marker variables. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface FindOptions {
  /** `3.11`; undefined: whatever `python3` is. */
  readonly version: string | undefined;
  readonly target: Target;
  readonly cache: BuildCache;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const PROBE = `
import importlib.util, json, os, platform, sys, sysconfig
def full(info):
    kind = info.releaselevel
    return "%d.%d.%d" % info[:3] + ("" if kind == "final" else kind[0] + str(info.serial))
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "fullVersion": platform.python_version(),
    "soabi": sysconfig.get_config_var("SOABI") or "",
    "magic": importlib.util.MAGIC_NUMBER.hex(),
    "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "machine": platform.machine(),
    "variables": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_system": platform.system(),
        "python_full_version": platform.python_version(),
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    },
}))
`;
const PROBE_LIMIT_MS = 20_000;
const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/**
 * Finds the interpreter on PATH. Its answers are remembered until the program changes.
 * Throws E_TOOL_MISSING, and E_ENGINE_UNSUPPORTED for one that cannot build for the target.
 */
export async function findInterpreter(options: FindOptions): Promise<Interpreter> {
  const { version, cache, env } = options;
  const problems: string[] = [];
  for (const program of candidates(version, env)) {
    const key = probeKey(program);
    const known = key === undefined ? undefined : (cache.findNote(key) as Interpreter | undefined);
    const found = known ?? (await probe(program, env));
    if (typeof found === 'string') {
      problems.push(`${program}: ${found}`);
      continue;
    }
    if (known === undefined && key !== undefined) cache.storeNote(key, found);
    if (version !== undefined && found.version !== version) continue;
    checkTarget(found, options.target);
    return found;
  }
  const wanted = version === undefined ? 'Python 3' : `Python ${version}`;
  throw new SalverError(
    'E_TOOL_MISSING',
    `this machine has no ${wanted}${problems.length === 0 ? '' : ` that works (${printable(problems.join('; '))})`}`,
    {
      hint: `install it (python${version ?? '3'} on PATH), or set "python": {"version": …} in salver.json to one that is here`,
      facts: { program: `python${version ?? '3'}` },
    },
  );
}

/** Programs that may be it, in the order of PATH, the exact name first. */
function candidates(version: string | undefined, env: FindOptions['env']): readonly string[] {
  const names = version === undefined ? ['python3', 'python'] : [`python${version}`, 'python3', 'python'];
  const directories = (env['PATH'] ?? '').split(':').filter((directory) => directory.startsWith('/'));
  return names
    .flatMap((name) => directories.map((directory) => join(directory, name)))
    .filter((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Another file under this name has other answers. Undefined for a script in a program's place (pyenv): it may choose anew each time. */
function probeKey(program: string): string | undefined {
  const path = realpathSync(program);
  const { size, mtimeMs, ino } = statSync(path);
  return isScript(path) ? undefined : ['python-probe:1', program, path, size, mtimeMs, ino].join(':');
}

function isScript(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    const start = Buffer.alloc(2);
    return readSync(fd, start) === 2 && start.toString('latin1') === '#!';
  } finally {
    closeSync(fd);
  }
}

async function probe(program: string, env: FindOptions['env']): Promise<Interpreter | string> {
  const answer = await run(program, env);
  if (typeof answer === 'string') return answer;
  const stable = join(dirname(answer.path), `python${answer.version}`);
  const isStable = stable !== answer.path && isSameFile(stable, answer.path);
  return isStable ? { ...answer, path: stable } : answer;
}

function run(program: string, env: FindOptions['env']): Promise<Interpreter | string> {
  return new Promise((resolve) => {
    const options = { env: cleanEnvironment(env), timeout: PROBE_LIMIT_MS, encoding: 'utf8' } as const;
    execFile(program, ['-I', '-S', '-c', PROBE], options, (error, stdout) => {
      if (error !== null) return resolve(error.message.split('\n').at(-1) ?? 'it fails');
      try {
        resolve(JSON.parse(stdout) as Interpreter);
      } catch {
        resolve('its answer cannot be read');
      }
    });
  });
}

/** Variables that lead an interpreter to other modules stay out. */
export function cleanEnvironment(env: FindOptions['env']): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => value !== undefined && !/^(PYTHON.*|VIRTUAL_ENV|__PYVENV_LAUNCHER__)$/.test(name),
    ),
  );
}

function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

function checkTarget({ machine, variables, version }: Interpreter, target: Target): void {
  const unfit =
    variables['platform_python_implementation'] !== 'CPython'
      ? `${variables['platform_python_implementation'] ?? 'it'} is not supported, only CPython is`
      : target.os !== 'linux' || variables['sys_platform'] !== 'linux'
        ? 'releases with Python are built on and for Linux'
        : (MACHINES[target.arch] ?? target.arch) !== machine
          ? `this Python runs on ${machine}, the target is ${target.arch}`
          : undefined;
  if (unfit === undefined) return;
  throw new SalverError(
    'E_ENGINE_UNSUPPORTED',
    `Python ${version} of this machine cannot build for the target: ${unfit}`,
    {
      hint: 'build on a machine of the target’s kind',
      facts: { version, machine },
    },
  );
}
