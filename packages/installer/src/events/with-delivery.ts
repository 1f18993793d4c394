// After an act, whatever came of it: what waits in the outbox is sent, for a moment at most. The lock is free by then.
import { deliverEvents } from './outbox.js';
import type { HostPaths } from '../host-paths.js';

/** What is not sent by then stays in the outbox for the next act. */
const DELIVERY_MS = 5_000;

/** Runs `work`, then delivers. Throws what `work` throws. */
export async function withDelivery<T>(
  paths: HostPaths,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    await deliverEvents(paths, { deadlineMs: DELIVERY_MS, signal });
  }
}
