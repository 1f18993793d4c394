// Which workspaces an app needs: at run time, and to be built.
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { SalverError, printable } from '@salver/core';
import { isObject } from './lockfile-shape.js';
import { parseManifest } from './read-lockfile.js';
import type { RootManifest } from './read-lockfile.js';

/** One workspace. */
export interface WorkspaceMember {
  /** Relative to the project. */
  readonly directory: string;
  readonly name: string;
  readonly manifest: RootManifest;
}

/** Reads the package.json of these directories. Throws E_CONFIG_INVALID. */
export function readMembers(projectDir: string, directories: readonly string[]): readonly WorkspaceMember[] {
  return directories.map((directory) => {
    const where = `${directory}/package.json`;
    const manifest = parseManifest(readFileSync(join(projectDir, where), 'utf8'), where);
    return { directory, name: manifest.name ?? posix.basename(directory), manifest };
  });
}

/** The workspace in this directory. Throws E_USAGE when there is none. */
export function memberAt(members: readonly WorkspaceMember[], directory: string): WorkspaceMember {
  const found = members.find((member) => member.directory === directory);
  if (found !== undefined) return found;
  const known = members.map((member) => member.directory).join(', ');
  throw new SalverError('E_USAGE', `${printable(directory)} is not a workspace of the project`, {
    hint: known === '' ? 'the project has no workspaces' : `its workspaces are: ${printable(known)}`,
  });
}

const RUNTIME_FIELDS = ['dependencies', 'optionalDependencies', 'peerDependencies'] as const;
const ALL_FIELDS = [...RUNTIME_FIELDS, 'devDependencies'] as const;

/** The workspace and those it needs at run time, itself first, the others sorted. Throws E_USAGE. */
export function workspaceClosure(members: readonly WorkspaceMember[], directory: string): readonly string[] {
  const needed = inOrder(members, memberAt(members, directory), RUNTIME_FIELDS);
  const others = needed.map((member) => member.directory).filter((other) => other !== directory);
  return [directory, ...others.sort()];
}

/**
 * Command lines, for the directory of the workspace, that build first what it needs and then itself; `run` is put before
 * `build`. Throws E_USAGE.
 */
export function workspaceBuilds(
  members: readonly WorkspaceMember[],
  directory: string,
  run: string,
): readonly string[] {
  return inOrder(members, memberAt(members, directory), ALL_FIELDS)
    .filter(({ manifest }) => {
      const scripts = manifest['scripts'];
      return isObject(scripts) && typeof scripts['build'] === 'string' && scripts['build'] !== '';
    })
    .map((member) => {
      const path = posix.relative(directory, member.directory);
      return path === '' ? `${run} build` : `cd '${path.replaceAll("'", `'\\''`)}' && ${run} build`;
    });
}

/** Dependencies before what depends on them. */
function inOrder(
  members: readonly WorkspaceMember[],
  start: WorkspaceMember,
  fields: readonly (typeof ALL_FIELDS)[number][],
): readonly WorkspaceMember[] {
  const byName = new Map(members.map((member) => [member.name, member]));
  const seen = new Set<WorkspaceMember>();
  const ordered: WorkspaceMember[] = [];
  const visit = (member: WorkspaceMember): void => {
    if (seen.has(member)) return;
    seen.add(member);
    for (const name of fields.flatMap((field) => Object.keys(member.manifest[field] ?? {})).sort()) {
      const next = byName.get(name);
      if (next !== undefined) visit(next);
    }
    ordered.push(member);
  };
  visit(start);
  return ordered;
}
