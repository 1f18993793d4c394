// Bytecode for a wheel's modules, made by the interpreter itself, in one process of its own: what is compiled together
// can share strings, so a wheel's bytecode must not depend on what was compiled before it. The files are of the kind
// that is never compared with its source: times do not matter, and a release starts as fast the first time.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { SalverError, comparePaths } from '@salver/core';
import { cleanEnvironment } from './interpreter.js';
import type { Interpreter } from './interpreter.js';

export interface SourceModule {
  /** Path relative to site-packages: what tracebacks start from before the interpreter knows better. */
  readonly path: string;
  readonly bytes: Buffer;
}

export interface CompileOptions {
  readonly interpreter: Interpreter;
  readonly modules: readonly SourceModule[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A private directory for the files. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

const COMPILE = `
import os, py_compile, sys
os.chdir(sys.argv[1])
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for path in sys.stdin.read().split("\\0"):
    if not path:
        continue
    try:
        py_compile.compile(path, cfile=path + "c", dfile=path, doraise=True, invalidation_mode=mode)
    except Exception:
        print(path)
`;

/**
 * Bytecode by module path. Modules that do not compile (templates, code for another Python) are left out, as pip does.
 * Throws E_COMMAND_FAILED, E_INTERRUPTED, E_DISK_FULL.
 */
export async function compileModules(options: CompileOptions): Promise<ReadonlyMap<string, Buffer>> {
  const { directory, signal } = options;
  const modules = [...options.modules].sort((a, b) => comparePaths(a.path, b.path));
  if (modules.length === 0) return new Map();
  for (const { path, bytes } of modules) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
  const failed = await runCompiler(
    options,
    modules.map(({ path }) => path),
  );
  if (signal.aborted) throw new SalverError('E_INTERRUPTED', 'interrupted while compiling Python modules');
  const compiled = modules.filter(({ path }) => !failed.has(path));
  return new Map(compiled.map(({ path }) => [path, readFileSync(join(directory, `${path}c`))]));
}

function runCompiler(options: CompileOptions, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const { interpreter, directory, env, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(interpreter.path, ['-I', '-S', '-W', 'ignore', '-c', COMPILE, directory], {
      env: { ...cleanEnvironment(env), PYTHONHASHSEED: '0' },
      stdio: ['pipe', 'pipe', 'ignore'],
      signal,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', (error) => reject(signal.aborted ? interrupted() : failed(interpreter, error.message)));
    child.on('close', (code) => {
      if (code !== 0) reject(failed(interpreter, `it ended with ${code ?? 'a signal'}`));
      else resolve(new Set(output.split('\n')));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(paths.join('\0'));
  });
}

function interrupted(): SalverError {
  return new SalverError('E_INTERRUPTED', 'interrupted while compiling Python modules');
}

function failed({ path }: Interpreter, why: string): SalverError {
  return new SalverError('E_COMMAND_FAILED', `${path} could not compile Python modules: ${why}`);
}

/** `a/b.py` -> `a/__pycache__/b.cpython-311.pyc`. */
export function bytecodePath(path: string, version: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const stem = path.slice(slash).replace(/\.py$/, '');
  return `${path.slice(0, slash)}__pycache__/${stem}.cpython-${version.replace('.', '')}.pyc`;
}
