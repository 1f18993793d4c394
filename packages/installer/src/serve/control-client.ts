/* eslint-disable @typescript-eslint/no-unused-vars -- a placeholder has nothing to use them for */
// PLACEHOLDER with the agreed signatures: the supervisor's own module replaces this file. No root is served.
import type { HostPaths } from '../host-paths.js';

/** How a switch went that a supervisor carried out. */
export type SupervisedSwitch =
  | { readonly state: 'none' }
  | { readonly state: 'switched'; readonly durationMs: number }
  | { readonly state: 'failed'; readonly reason: string; readonly output: string };

export interface SupervisedSwitchOptions {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the supervisor of the root, when there is one, to serve `release`. */
export function switchSupervised(
  _paths: HostPaths,
  _release: string,
  _options: SupervisedSwitchOptions,
): Promise<SupervisedSwitch> {
  return Promise.resolve({ state: 'none' });
}
