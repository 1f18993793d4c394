// The user's own npm cache as a source before the network: content is stored by digest there, so it can be
// used without asking anybody. Read-only; what is taken is verified like a download.
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildCache, StoredDownload } from '@salver/core';
import { isSalverError } from '@salver/core';
import { strongestDigests } from './integrity.js';

/** Takes a tarball from npm's cache into ours; undefined when it is not there or damaged. */
export async function takeFromNpmCache(
  npmCacheDir: string,
  integrity: string,
  cache: BuildCache,
): Promise<StoredDownload | undefined> {
  for (const { algorithm, hex } of await strongestDigests(integrity)) {
    const path = join(
      npmCacheDir,
      '_cacache',
      'content-v2',
      algorithm,
      hex.slice(0, 2),
      hex.slice(2, 4),
      hex.slice(4),
    );
    if (!(await isReadable(path))) continue;
    try {
      return await cache.storeDownload(createReadStream(path), { expected: integrity, description: path });
    } catch (error) {
      // A damaged or vanishing file of somebody else's cache is no reason to stop: the registry has it.
      if (!isSalverError(error) || error.code === 'E_INTEGRITY_MISMATCH' || error.code === 'E_FILE_SYSTEM')
        continue;
      throw error;
    }
  }
  return undefined;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
