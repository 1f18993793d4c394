// Which directories are workspaces, by the patterns of the root's package.json and what is on disk:
// a workspace that the lock does not know must be noticed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SalverError, printable } from '@salver/core';
import { resolveInProject, nameOfLocation } from './lockfile-location.js';
import { isObject } from './lockfile-shape.js';
import { parseManifest } from './read-lockfile.js';
import type { RootManifest } from './read-lockfile.js';

/**
 * Workspace name -> directory relative to the project.
 * Throws E_CONFIG_INVALID for a wrong `workspaces` field or two workspaces of one name.
 */
export async function findWorkspaces(
  projectDir: string,
  manifest: RootManifest,
): Promise<ReadonlyMap<string, string>> {
  const patterns = readPatterns(manifest['workspaces']);
  if (patterns.length === 0) return new Map();
  const directories = await matchDirectories(projectDir, patterns);
  const workspaces = new Map<string, string>();
  for (const directory of directories) {
    const name = await readName(projectDir, directory);
    if (name === undefined) continue;
    const other = workspaces.get(name);
    if (other !== undefined) {
      throw new SalverError('E_CONFIG_INVALID', `two workspaces are named ${printable(name)}`, {
        hint: `give ${other} and ${directory} different names`,
        facts: { paths: [other, directory] },
      });
    }
    workspaces.set(name, directory);
  }
  return workspaces;
}

function readPatterns(workspaces: unknown): readonly string[] {
  if (workspaces === undefined || workspaces === null) return [];
  const list: unknown =
    isObject(workspaces) && Array.isArray(workspaces['packages']) ? workspaces['packages'] : workspaces;
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw new SalverError('E_CONFIG_INVALID', 'package.json: "workspaces" must be a list of patterns', {
      facts: { key: 'workspaces' },
    });
  }
  return list;
}

/** Directories that match, in pattern order. A later pattern wins over an earlier negation, as in npm. */
async function matchDirectories(
  projectDir: string,
  patterns: readonly string[],
): Promise<ReadonlySet<string>> {
  const wanted: string[] = [];
  let negated: string[] = [];
  for (const pattern of patterns) {
    const marks = /^!+/.exec(pattern)?.[0].length ?? 0;
    const bare = pattern
      .slice(marks)
      .replace(/^\.?\/+/, '')
      .replace(/\/+$/, '');
    if (marks % 2 === 1) {
      negated.push(bare);
    } else {
      negated = negated.filter((other) => other !== bare);
      wanted.push(bare);
    }
  }
  const hasMagic = wanted.some((pattern) => /[*?{}[\]()!+@]/.test(pattern.replace(/(^|\/)@/g, '$1')));
  if (!hasMagic && negated.length === 0) {
    return new Set(wanted.filter((path) => resolveInProject('', path) === path));
  }
  const { default: glob } = await import('fast-glob');
  const found = new Set<string>();
  for (const pattern of wanted) {
    const matches = await glob(pattern, {
      cwd: projectDir,
      onlyDirectories: true,
      dot: false,
      followSymbolicLinks: false,
      ignore: ['**/node_modules/**', ...negated.flatMap((bare) => [bare, `${bare}/**`])],
    });
    for (const match of matches.sort()) found.add(match);
  }
  return found;
}

/** Name of the package in this directory; undefined when there is no package.json. */
async function readName(projectDir: string, directory: string): Promise<string | undefined> {
  const where = `${directory}/package.json`;
  const text = await readFile(join(projectDir, where), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { name } = parseManifest(text, where);
  return name === undefined || name === '' ? nameOfLocation(directory) : name;
}
