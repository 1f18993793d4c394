// The app's files -> the entries of the app unit. Every directory of a release needs an entry of its own; the app
// unit brings those of its files and those that lead to other units.
import { comparePaths, directoryEntry } from '@salver/core';
import type { PackEntry } from '@salver/core';
import { parentsOf } from './file-selection.js';
import { toPackEntry } from './source-file.js';
import type { SourceFile } from './source-file.js';

/**
 * `unitPaths` are the places of all other units, e.g. `packages/api/node_modules/a`; `executablePaths` the files that
 * are executable in the release whatever their mode in the source is.
 */
export function appEntries(
  files: readonly SourceFile[],
  unitPaths: readonly string[],
  executablePaths: ReadonlySet<string>,
): readonly PackEntry[] {
  const directories = new Set<string>();
  for (const { path } of files) for (const parent of parentsOf(path)) directories.add(parent);
  for (const path of unitPaths) {
    for (const parent of parentsOf(path)) {
      // From `node_modules` down the ecosystem brings the directories itself.
      if (!isInDependencies(parent)) directories.add(parent);
    }
  }
  for (const { path } of files) directories.delete(path);
  const made = [...directories].map(directoryEntry);
  const entries = files.map((file) => {
    const entry = toPackEntry(file);
    return file.kind === 'file' && executablePaths.has(file.path) ? { ...entry, executable: true } : entry;
  });
  return [...entries, ...made].sort((a, b) => comparePaths(a.path, b.path));
}

function isInDependencies(path: string): boolean {
  return path.split('/').some((name) => name === 'node_modules');
}
