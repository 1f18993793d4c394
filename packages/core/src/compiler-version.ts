// Which compiler would be used: other compilers give other bytes, so their version is part of the key under
// which compiled output is cached.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BuildCache } from './build-cache.js';
import { runCommand } from './run-command.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * First line of `cc --version` and `c++ --version` (or of what CC and CXX name); `none` where there is no
 * such compiler. Remembered by the program file's identity, so that a warm build starts no process.
 */
export async function compilerVersions(
  env: Env,
  cache: BuildCache,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {};
  for (const [variable, fallback] of [
    ['CC', 'cc'],
    ['CXX', 'c++'],
  ] as const) {
    versions[variable] = await versionOf(env[variable] ?? fallback, env, cache, signal);
  }
  return versions;
}

async function versionOf(command: string, env: Env, cache: BuildCache, signal: AbortSignal): Promise<string> {
  const program = findProgram(command.trim().split(/\s+/)[0] ?? '', env['PATH'] ?? '');
  if (program === undefined) return 'none';
  const { size, mtimeMs, ino } = statSync(program);
  const noteKey = `compiler:1:${command}:${realpathSync(program)}:${size}:${mtimeMs}:${ino}`;
  const known = cache.findNote(noteKey) as { readonly version?: unknown } | undefined;
  if (typeof known?.version === 'string') return known.version;
  const lines: string[] = [];
  const result = await runCommand({
    command: `${command} --version`,
    cwd: '/',
    env: { PATH: env['PATH'] ?? '', LC_ALL: 'C' },
    signal,
    onLine: (line) => lines.push(line),
  });
  const version = result.exitCode === 0 ? (lines[0] ?? result.tail[0] ?? 'unknown') : 'none';
  cache.storeNote(noteKey, { version });
  return version;
}

function findProgram(name: string, path: string): string | undefined {
  if (name === '') return undefined;
  if (name.includes('/')) return existsSync(name) ? name : undefined;
  return path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find((candidate) => existsSync(candidate));
}
