// Small objects that several writers change: read, change, write back only if nobody else did, else again.
import { SalverError } from '@salver/core';
import type { ReadOptions, Store } from '@salver/core';
import { waitToRetry, withRetries } from './retry.js';

const TRIES_MAX = 40;
const POLICY = { retriesMax: TRIES_MAX, firstMs: 20, longestMs: 500 };

/**
 * Replaces an object by what `change` makes of it; undefined leaves it as it is. Throws E_STORE_THROTTLED when others are
 * faster for too long, and what the store and `change` throw.
 */
export async function changeObject(
  store: Store,
  key: string,
  options: ReadOptions & { readonly bytesMax: number },
  change: (bytes: Buffer | undefined) => Buffer | undefined | Promise<Buffer | undefined>,
): Promise<boolean> {
  for (let failures = 1; failures <= TRIES_MAX; failures += 1) {
    const found = await withRetries(() => store.readSmall(key, options), { signal: options.signal });
    const before = typeof found === 'object' ? found : undefined;
    const after = await change(before?.bytes);
    if (after === undefined || before?.bytes.equals(after) === true) return false;
    if (await store.replace(key, after, { ...options, expectedTag: before?.tag })) return true;
    await waitToRetry(POLICY, { failures, error: undefined, signal: options.signal });
  }
  throw new SalverError(
    'E_STORE_THROTTLED',
    `${key} in ${store.description} is changed by others all the time`,
    {
      hint: 'run the command again; if it stays so, see `salver doctor` for whether the store can move pointers',
    },
  );
}
