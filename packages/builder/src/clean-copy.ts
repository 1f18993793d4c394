// A private copy of the source in which the app's own build runs. The path is the same for every build of an app
// with this cache: tools that write their directory into their output then give the same bytes every time.
import { constants, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSystemError } from '@salver/core';
import type { OpenedCache } from './build-cache.js';
import { removeOnSignal } from './remove-on-signal.js';
import { checkUnchanged } from './source-file.js';
import type { SourceFile } from './source-file.js';
import { removeTree } from './temp-space.js';

export interface CleanCopyOptions {
  readonly cache: OpenedCache;
  /** Names the directory: builds of one name and target take turns. */
  readonly name: string;
  readonly files: readonly SourceFile[];
}

/**
 * Runs `work` in a copy of the files, removed afterwards: on success, failure and signals. What kill -9 leaves
 * is removed by the next build of the same name. Throws E_BUILD_INPUT_CHANGED, E_DISK_FULL, E_FILE_SYSTEM.
 */
export async function withCleanCopy<T>(
  options: CleanCopyOptions,
  work: (appDir: string) => Promise<T>,
): Promise<T> {
  const directory = join(options.cache.workDirectory, options.name);
  return options.cache.withLock(`work:${directory}`, async () => {
    const forget = removeOnSignal(directory);
    try {
      await removeTree(directory);
      copyFiles(options.files, directory);
      return await work(directory);
    } finally {
      await removeTree(directory);
      forget();
    }
  });
}

function copyFiles(files: readonly SourceFile[], directory: string): void {
  const made = new Set<string>();
  try {
    mkdirSync(directory, { recursive: true });
    for (const file of files) {
      const path = join(directory, file.path);
      const parent = dirname(path);
      if (!made.has(parent)) mkdirSync(parent, { recursive: true });
      made.add(parent);
      if (file.kind === 'symlink') symlinkSync(file.linkTarget, path);
      else if (file.kind === 'directory') mkdirSync(path, { recursive: true });
      else copyFile(file, path);
    }
  } catch (error) {
    throw fileSystemError(error, `cannot copy the source to ${directory}`);
  }
}

/** A reflink where the file system can, else a copy; the mode is kept. Never a hard link: builds edit files in place. */
function copyFile(file: SourceFile, path: string): void {
  copyFileSync(file.absolutePath, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  checkUnchanged(file);
}
