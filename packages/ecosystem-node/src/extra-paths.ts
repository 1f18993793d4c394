// What lies in the outermost node_modules directories although no package put it there: builds generate
// code into them (`node_modules/.prisma`).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, fileSystemError } from '@salver/core';
import { outermostNodeModules } from './links-unit.js';

/**
 * Paths of new files' directories, one for each thing directly in a node_modules (or in a scope there).
 * `taken` names what the plan put there, `toolPath` matches what tools keep for themselves.
 */
export function findExtraPaths(
  appDir: string,
  taken: ReadonlySet<string>,
  toolPath: RegExp,
): readonly string[] {
  const roots = new Set(['node_modules', ...[...taken].map(outermostNodeModules)]);
  const extra: string[] = [];
  for (const root of roots) {
    for (const name of directoriesIn(join(appDir, root))) {
      const path = `${root}/${name}`;
      if (taken.has(path) || toolPath.test(path) || name === '.bin') continue;
      if (!name.startsWith('@')) extra.push(path);
      else
        extra.push(
          ...directoriesIn(join(appDir, path))
            .map((child) => `${path}/${child}`)
            .filter((child) => !taken.has(child)),
        );
    }
  }
  return extra.sort();
}

/** Names of directories; links and loose files in node_modules are nobody's packages. */
function directoriesIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((child) => child.isDirectory())
      .map((child) => child.name);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw fileSystemError(error, `cannot read ${path}`);
  }
}
