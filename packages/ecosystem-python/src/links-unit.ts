// The unit that belongs to no package: the directories of the environment, and its own links. Wheels bring only files,
// because two wheels may share a directory (namespace packages) and a release names each directory once.
import type { BuildCache, CollectedUnit } from '@salver/core';
import { comparePaths, directoryEntry, linkEntry } from '@salver/core';
import { linksKey } from './unit-key.js';
import { VENV, sitePackages } from './venv-layout.js';

/** `directories` are those of all units. */
export async function linksUnit(
  cache: BuildCache,
  version: string,
  directories: readonly (readonly string[])[],
): Promise<CollectedUnit> {
  const own = [VENV, `${VENV}/bin`, `${VENV}/lib`, `${VENV}/lib/python${version}`, sitePackages(version)];
  const all = [...new Set([...own, ...directories.flat()])].sort(comparePaths);
  const key = linksKey(version, all);
  const entries = [...all.map(directoryEntry), linkEntry(`${VENV}/lib64`, 'lib')];
  const content =
    cache.findUnit(key) ??
    (await cache.storeUnit(
      key,
      [...entries].sort((a, b) => comparePaths(a.path, b.path)),
    ));
  return { kind: 'python-env', name: VENV, version, path: VENV, content };
}
