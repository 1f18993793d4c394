// An occurrence together with where it happened: what templates turn into requests.
import type { ReleaseOccurrence } from './occurrence.js';

/** One event as it leaves the host. */
export interface HostEvent {
  /** Stays the same however often it is sent: receivers tell repetitions by it. */
  readonly id: string;
  readonly occurrence: ReleaseOccurrence;
  /** Name of this host. */
  readonly host: string;
  /** `production`, `staging`: what several hosts have in common. */
  readonly environment: string;
  /** True for `salver-host events --test`. */
  readonly isTest: boolean;
}

/** True when the release of the occurrence is the current one afterwards. */
export function hasSucceeded({ kind }: ReleaseOccurrence): boolean {
  return kind === 'activated' || kind === 'rolled-back';
}

/** When the act began, as ISO time. */
export function beganAt({ at, durationMs }: ReleaseOccurrence): string {
  return new Date(Date.parse(at) - durationMs).toISOString();
}

/** `shop@1.4.2`. */
export function appVersion({ app, version }: ReleaseOccurrence): string {
  return `${app}@${version}`;
}
