// An artifact that is named by its own address instead of by a store.
import { SalverError } from '@salver/core';
import type { ArtifactSource } from '@salver/core';
import { openReleaseArtifact } from './open-release-artifact.js';
import { openStore } from './open-store.js';
import type { OpenStoreOptions } from './open-store.js';

/** Opens it, hands it over, closes it. Throws E_USAGE and what opening and `work` throw. */
export async function openAddress<T>(
  address: string,
  options: OpenStoreOptions & { readonly downloads: string; readonly signal?: AbortSignal | undefined },
  work: (source: ArtifactSource) => Promise<T>,
): Promise<T> {
  const { store, key } = splitAddress(address);
  const opened = await openStore(store, options);
  try {
    const { downloads, signal } = options;
    const source = await openReleaseArtifact({ store: opened, key, downloads, signal });
    try {
      return await work(source);
    } finally {
      source.close();
    }
  } finally {
    opened.close();
  }
}

/** The last part of the path is the object; everything else, a query too, names the store. */
function splitAddress(address: string): { readonly store: string; readonly key: string } {
  const url = new URL(address);
  const parts = url.pathname.split('/');
  const key = decodeURIComponent(parts.pop() ?? '');
  if (key === '') {
    throw new SalverError('E_USAGE', 'the address names no file', {
      hint: 'give the address of the .tar.gz file',
    });
  }
  url.pathname = parts.join('/');
  return { store: url.href, key };
}
