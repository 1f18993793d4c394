// package.json of the root, of workspaces and of `file:` directories is what counts, not the copy in
// the lock: the user edits it between installs. Everything else is only known from the lock.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fileSystemError } from '@salver/core';
import { parseManifest } from './read-lockfile.js';
import type { PackageFields } from './lockfile-shape.js';
import { isObject } from './lockfile-shape.js';

const BIN_FILES_MAX = 1000;

/**
 * Reads `<directory>/package.json` of the project, or undefined when there is none.
 * Throws E_CONFIG_INVALID for a package.json that is not usable.
 */
export async function readPackageFields(
  projectDir: string,
  directory: string,
): Promise<PackageFields | undefined> {
  const where = `${directory}/package.json`;
  let text: string;
  try {
    text = await readFile(join(projectDir, where), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw fileSystemError(error, `cannot read ${where}`);
  }
  const manifest = parseManifest(text, where);
  return addDirectoryBins(join(projectDir, directory), manifest);
}

/** `directories.bin` stands for one bin per file in it, when there is no `bin`. */
async function addDirectoryBins(
  directory: string,
  manifest: PackageFields & Readonly<Record<string, unknown>>,
): Promise<PackageFields> {
  const directories = manifest['directories'];
  if (manifest.bin !== undefined || !isObject(directories) || typeof directories['bin'] !== 'string') {
    return manifest;
  }
  const folder = directories['bin'];
  const names = await readdir(join(directory, folder), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const bin: Record<string, string> = {};
  for (const entry of names.slice(0, BIN_FILES_MAX)) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (entry.isFile() && !path.split('/').some((part) => part.startsWith('.'))) bin[entry.name] = path;
  }
  return { ...manifest, bin };
}
