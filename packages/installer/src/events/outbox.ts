/* eslint-disable @typescript-eslint/no-unused-vars -- a placeholder has nothing to use them for */
// PLACEHOLDER with the agreed signatures: the webhooks' own module replaces this file. Nothing is configured.
import type { HostPaths } from '../host-paths.js';

/** Something that happened to the releases of a root. */
export interface ReleaseOccurrence {
  readonly kind: 'activated' | 'rolled-back' | 'activation-failed' | 'reverted';
  readonly at: string;
  readonly app: string;
  readonly release: string;
  readonly id: string;
  readonly version: string;
  readonly previous: string | null;
  readonly commit?: string;
  readonly by: string;
  readonly durationMs: number;
  readonly txid: string;
  readonly reason?: string;
}

export interface DeliveryOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Notes down what happened, for {@link deliverEvents}. Never throws. */
export function enqueueEvents(_paths: HostPaths, _occurrence: ReleaseOccurrence): void {
  return undefined;
}

/** Sends what waits in the outbox. Never throws. */
export function deliverEvents(_paths: HostPaths, _options: DeliveryOptions): Promise<unknown> {
  return Promise.resolve(undefined);
}
