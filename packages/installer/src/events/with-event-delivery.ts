// The end of an act: whatever came of it, others are told before the command ends. Outside the lock of the root, so
// that a slow receiver does not keep the next act waiting.
import type { Progress } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { deliverEvents } from './outbox.js';

/** What a command waits for receivers at most; what is left goes out with the next one or by a timer. */
const DELIVERY_MS = 5_000;

export interface DeliveryContext {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Runs `work`, then sends what waits in the outbox. Returns and throws what `work` does; problems are warnings. */
export async function withEventDelivery<T>(
  paths: HostPaths,
  { progress, signal }: DeliveryContext,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    const { problems, warnings } = await deliverEvents(paths, { deadlineMs: DELIVERY_MS, signal });
    for (const warning of warnings) progress.warn(warning);
    for (const problem of problems) progress.warn(`event not delivered yet: ${problem}`);
  }
}
