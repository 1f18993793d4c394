// When a call to a store is tried again, and how long that waits: exponential with full jitter, so that a fleet whose
// store was down does not come back all at once.
import { setTimeout as delay } from 'node:timers/promises';
import { SalverError } from '@salver/core';

export interface RetryPolicy {
  /** Tries after the first one that bring nothing new. */
  readonly retriesMax: number;
  readonly firstMs: number;
  readonly longestMs: number;
}

export const RETRY_POLICY: RetryPolicy = { retriesMax: 5, firstMs: 500, longestMs: 30_000 };

/** Worth another try at the same place: the network or the server may be better in a moment. */
export function isPassing(error: unknown): error is SalverError {
  return (
    error instanceof SalverError &&
    (error.code === 'E_STORE_UNREACHABLE' || error.code === 'E_STORE_THROTTLED')
  );
}

/** Waits after this many tries in a row that brought nothing; none: no wait. Throws E_INTERRUPTED. */
export async function waitToRetry(
  policy: RetryPolicy,
  {
    failures,
    error,
    signal,
  }: { readonly failures: number; readonly error: unknown; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const asked = error instanceof SalverError ? error.facts['retryAfterMs'] : undefined;
  const bound = failures === 0 ? 0 : Math.min(policy.longestMs, policy.firstMs * 2 ** (failures - 1));
  const wait = typeof asked === 'number' ? Math.min(asked, policy.longestMs) : Math.random() * bound;
  try {
    await delay(wait, undefined, signal === undefined ? {} : { signal });
  } catch (error_) {
    throw new SalverError('E_INTERRUPTED', 'interrupted', { cause: error_ });
  }
}

/** Calls `work` until it works or fails for good. */
export async function withRetries<T>(
  work: () => Promise<T>,
  {
    policy = RETRY_POLICY,
    signal,
  }: { readonly policy?: RetryPolicy | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  for (let failures = 0; ;) {
    try {
      return await work();
    } catch (error) {
      failures += 1;
      if (!isPassing(error) || failures > policy.retriesMax) throw error;
      await waitToRetry(policy, { failures, error, signal });
    }
  }
}
