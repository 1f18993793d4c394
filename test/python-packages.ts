// Packages from PyPI for tests with real servers: downloaded once per test file into a directory of its own.
// What cannot be had on this machine is a reason to skip, shown at the end of the run.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the packages are, or why there are none. */
export type PythonPackages = { readonly path: string } | { readonly missing: string };

const INSTALL_LIMIT_MS = 90_000;

/** Installs packages into a fresh directory below `parent`. */
export function installPython(parent: string, packages: readonly string[]): PythonPackages {
  const path = join(parent, 'python');
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '--target',
    path,
  ];
  const { status, error } = spawnSync('python3', [...args, ...packages], { timeout: INSTALL_LIMIT_MS });
  if (error !== undefined) return { missing: `python3 is not usable: ${error.message}` };
  const isThere = status === 0 && packages.every((name) => existsSync(join(path, name)));
  return isThere ? { path } : { missing: `pip could not install ${packages.join(', ')}` };
}
