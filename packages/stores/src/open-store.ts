// Opens the store that a text names. The client for S3 is large: it is loaded only for s3://.
import type { Store } from '@salver/core';
import { readCertificates } from './certificates.js';
import { openFileStore } from './file-store.js';
import { parseStoreLocation } from './store-location.js';

export interface OpenStoreOptions {
  /** Directory that relative paths start from. */
  readonly workingDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Throws E_USAGE, E_STORE_NOT_FOUND, E_STORE_DENIED, E_STORE_MISCONFIGURED. */
export async function openStore(text: string, options: OpenStoreOptions): Promise<Store> {
  const location = parseStoreLocation(text, options.workingDir);
  switch (location.kind) {
    case 'file':
      return openFileStore(location.directory);
    case 'http':
      return openHttp(location.url, options);
    case 's3': {
      const { openS3Store } = await import('./s3-store.js');
      return openS3Store(location.url, options.env);
    }
  }
}

async function openHttp(url: URL, { env }: OpenStoreOptions): Promise<Store> {
  const { openHttpStore } = await import('./http-store.js');
  const caFile = url.searchParams.get('ca');
  url.searchParams.delete('ca');
  const token = env['SALVER_HTTP_TOKEN'];
  return openHttpStore(url, {
    ...(token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(caFile === null ? {} : { ca: readCertificates(caFile) }),
  });
}
