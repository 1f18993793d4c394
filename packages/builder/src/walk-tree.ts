// Listing a directory tree without git.
import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { SalverError, fileSystemError, limits } from '@salver/core';

export interface WalkOptions {
  /** True for directories that are not looked into. Paths are relative to the root. */
  readonly skipsDirectory: (path: string) => boolean;
  /** Also yields directories that hold nothing at all. */
  readonly withEmptyDirectories: boolean;
}

/** Relative paths of everything but directories. Throws E_LIMIT_EXCEEDED, E_FILE_SYSTEM. */
export function walkTree(root: string, options: WalkOptions): readonly string[] {
  const paths: string[] = [];
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const items = readDirectory(join(root, directory));
    if (items.length === 0 && directory !== '' && options.withEmptyDirectories) paths.push(directory);
    for (const item of items) {
      const path = directory === '' ? item.name : `${directory}/${item.name}`;
      if (!item.isDirectory()) paths.push(path);
      else if (!options.skipsDirectory(path)) pending.push(path);
    }
    if (paths.length > limits.ENTRIES_MAX) {
      throw new SalverError('E_LIMIT_EXCEEDED', `the source has more than ${limits.ENTRIES_MAX} files`, {
        hint: 'leave out what need not ship with files.exclude or .salverignore',
      });
    }
  }
  return paths;
}

function readDirectory(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw fileSystemError(error, `cannot read ${path}`);
  }
}
