// Which store a text means: a directory, an HTTP(S) prefix, an S3 bucket prefix.
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { SalverError, printable } from '@salver/core';

export type StoreLocation =
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'http'; readonly url: URL }
  | { readonly kind: 's3'; readonly url: URL };

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/** Relative paths start from `workingDir`. Throws E_USAGE. */
export function parseStoreLocation(text: string, workingDir: string): StoreLocation {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'file', directory: resolve(workingDir, text) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (scheme === 'http' || scheme === 'https')) return { kind: 'http', url };
  if (url !== undefined && scheme === 's3' && url.hostname !== '') return { kind: 's3', url };
  if (url !== undefined && scheme === 'file') return { kind: 'file', directory: fileURLToPath(url) };
  // The text may hold a password: only its scheme is shown.
  throw new SalverError('E_USAGE', `not a store: an address that begins with ${printable(scheme)}:`, {
    hint: 'a store is a directory, https://HOST/PREFIX or s3://BUCKET/PREFIX',
  });
}

/** True for texts that are addresses on the network and no paths. */
export function isAddress(text: string): boolean {
  return /^(https?|s3|file):/i.test(text);
}
