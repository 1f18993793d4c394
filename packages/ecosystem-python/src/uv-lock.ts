// uv.lock through uv itself: its format belongs to uv, and changes with it. `uv export` turns it into a pylock.toml,
// which is remembered, so that a second build needs no uv.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, canonicalJson, fileSystemError, printable, sha256Hex } from '@salver/core';
import type { EcosystemContext } from '@salver/core';

export const UV_LOCK = 'uv.lock';
const EXPORT_ARGUMENTS = [
  'export',
  '--frozen',
  '--no-dev',
  '--no-emit-project',
  '--no-header',
  '--format',
  'pylock.toml',
];
const EXPORT_LIMIT_MS = 120_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface UvChoice {
  readonly extras: readonly string[];
  readonly groups: readonly string[];
}

/** The lock as pylock.toml. Throws E_TOOL_MISSING without uv, E_LOCK_OUT_OF_SYNC, E_LOCK_INVALID, E_FILE_SYSTEM. */
export async function exportUvLock(context: EcosystemContext, { extras, groups }: UvChoice): Promise<string> {
  const { projectDir, cache } = context;
  const inputs = ['uv.lock', 'pyproject.toml', 'uv.toml'].map((name) => readInput(join(projectDir, name)));
  const choice = [
    ...extras.flatMap((name) => ['--extra', name]),
    ...groups.flatMap((name) => ['--group', name]),
  ];
  const key = `uv-export:1:${sha256Hex(canonicalJson([inputs, choice]))}`;
  const known = cache.findNote(key);
  if (typeof known === 'string') return known;
  const text = await runUv([...EXPORT_ARGUMENTS, ...choice], context);
  cache.storeNote(key, text);
  return text;
}

function readInput(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    throw fileSystemError(error, `cannot read ${printable(path)}`);
  }
}

function runUv(
  args: readonly string[],
  { projectDir, env, offline, signal }: EcosystemContext,
): Promise<string> {
  const options = {
    cwd: projectDir,
    env: { ...env, UV_NO_PROGRESS: '1', ...(offline ? { UV_OFFLINE: '1' } : {}) },
    timeout: EXPORT_LIMIT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
    encoding: 'utf8',
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    execFile('uv', args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(uvError(error, stderr, signal));
    });
  });
}

function uvError(error: Error, stderr: string, signal: AbortSignal): SalverError {
  if (signal.aborted)
    return new SalverError('E_INTERRUPTED', 'interrupted while uv exported its lock', { cause: error });
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new SalverError('E_TOOL_MISSING', `${UV_LOCK} is read by uv, which is not on PATH`, {
      hint: 'install uv on the build machine, or commit its export: uv export --frozen --no-dev --no-emit-project -o pylock.toml',
      facts: { program: 'uv' },
    });
  }
  const lines = stderr.trim().split('\n').slice(-5).map(printable).join('\n  ');
  const isStale = /needs to be updated|outdated|out of date/i.test(stderr);
  return new SalverError(
    isStale ? 'E_LOCK_OUT_OF_SYNC' : 'E_LOCK_INVALID',
    `uv cannot export ${UV_LOCK}:\n  ${lines}`,
    {
      hint: isStale
        ? 'run `uv lock` and commit it'
        : 'run the same command by hand: uv export --frozen --no-dev --no-emit-project --format pylock.toml',
      cause: error,
      facts: { lockfile: UV_LOCK },
    },
  );
}
