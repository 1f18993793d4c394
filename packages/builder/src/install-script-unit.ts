// `.salver/install.sh` as a unit like any other: it is the same in every release of one Salver version, so it
// is found in the cache.
import { sha256Hex } from '@salver/core';
import type { BuildCache, CollectedUnit } from '@salver/core';

const DIRECTORY = '.salver';

/** The unit with the install script. Throws as `BuildCache.storeUnit`. */
export async function installScriptUnit(cache: BuildCache, script: string): Promise<CollectedUnit> {
  const key = `salver:install.sh:${sha256Hex(script)}`;
  const bytes = Buffer.from(script, 'utf8');
  const content =
    cache.findUnit(key) ??
    (await cache.storeUnit(key, [
      {
        path: `${DIRECTORY}/install.sh`,
        kind: 'file',
        executable: true,
        sizeBytes: bytes.length,
        linkTarget: '',
        readSync: (offset, length) => bytes.subarray(offset, offset + length),
      },
    ]));
  return { kind: 'salver', name: 'salver', path: DIRECTORY, content };
}
