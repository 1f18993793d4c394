// Keys of objects: the only names a store is asked for. They become paths and URLs, so nothing else gets through.
import { SalverError, printable } from '@salver/core';
import { TEMPORARY_PREFIX } from './file-temporary.js';

const KEY_BYTES_MAX = 1024;
/** Brackets: frameworks name files after routes, `[slug]` and `(shop)`. */
const PART = /^[A-Za-z0-9@+._~()[\]-]{1,255}$/;

/**
 * Returns the key when it is one: parts of letters, digits and `@+._~()[]-` with `/` between them, none of them `.`, `..`
 * or one of the store's own. Throws E_USAGE.
 */
export function checkKey(key: string): string {
  const isFine = key.length <= KEY_BYTES_MAX && key.split('/').every(isPart);
  if (isFine) return key;
  throw new SalverError('E_USAGE', `"${printable(key)}" cannot be the name of an object in a store`, {
    hint: 'use letters, digits and "@+._~()[]-"',
  });
}

function isPart(part: string): boolean {
  return PART.test(part) && part !== '.' && part !== '..' && !part.startsWith(TEMPORARY_PREFIX);
}
