// An environment on this machine: units laid out, with links to the interpreter. For builds only; on a host the
// installer makes the same links.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileSystemError, writeEntries } from '@salver/core';
import type { BuildCache, FinishedUnit } from '@salver/core';
import type { Interpreter } from './interpreter.js';
import { VENV } from './venv-layout.js';

/** Lays out units below `directory` and links the interpreter. Throws E_DISK_FULL, E_FILE_SYSTEM. */
export function makeVirtualEnv(
  directory: string,
  units: readonly FinishedUnit[],
  { interpreter, cache }: { readonly interpreter: Interpreter; readonly cache: BuildCache },
): void {
  for (const unit of units) writeEntries(directory, cache.readUnit(unit));
  linkInterpreter(join(directory, VENV), interpreter);
}

function linkInterpreter(venv: string, { path, version }: Interpreter): void {
  try {
    mkdirSync(join(venv, 'bin'), { recursive: true });
    symlinkSync(path, join(venv, 'bin', `python${version}`));
    for (const name of ['python3', 'python']) symlinkSync(`python${version}`, join(venv, 'bin', name));
    writeFileSync(join(venv, 'pyvenv.cfg'), pyvenvConfig(path, version));
  } catch (error) {
    throw fileSystemError(error, `cannot make ${basename(venv)}`);
  }
}

/** What makes the interpreter look into the environment. `home` must be absolute: a relative one is taken from the working directory. */
function pyvenvConfig(interpreter: string, version: string): string {
  return `home = ${dirname(interpreter)}\ninclude-system-site-packages = false\nversion = ${version}\n`;
}

/** Variables for programs of the environment; nothing of the machine's own Python settings. */
export function virtualEnvVariables(directory: string, path: string): Readonly<Record<string, string>> {
  const venv = join(directory, VENV);
  return {
    PATH: `${join(venv, 'bin')}:${path}`,
    VIRTUAL_ENV: venv,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONNOUSERSITE: '1',
    PYTHONHASHSEED: '0',
  };
}
