// The bins of workspaces: managers link them, and what they link is executable.
import { resolveInProject } from '../lockfile-location.js';
import { isObject } from '../lockfile-shape.js';
import type { WorkspaceMember } from '../workspace-graph.js';

/** Paths relative to the project. */
export function memberBins(members: readonly WorkspaceMember[]): readonly string[] {
  return members.flatMap(({ directory, manifest }) => {
    const bin: unknown = manifest['bin'];
    const paths: readonly unknown[] = isObject(bin) ? Object.values(bin) : [bin];
    return paths.flatMap((path) =>
      typeof path === 'string' ? (resolveInProject(directory, path) ?? []) : [],
    );
  });
}
