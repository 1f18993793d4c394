// What every command that changes a root goes through: the lock, then, once it is free again, telling others.
import { SILENT_PROGRESS } from '@salver/core';
import type { Progress } from '@salver/core';
import { withEventDelivery } from './events/with-event-delivery.js';
import type { HostPaths } from './host-paths.js';
import { withRootLock } from './lock.js';
import type { Environment } from './release-environment.js';

export interface ActOptions {
  /** How long to wait for another run, in milliseconds. Default 0. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: Progress | undefined;
  /** Default: this process's environment. */
  readonly env?: Environment | undefined;
}

/** The same with defaults filled in. */
export interface ActContext {
  readonly env: Environment;
  readonly progress: Progress;
  readonly signal: AbortSignal | undefined;
}

/** Runs `work` with the lock of the root. `action` is what others read about it. Throws E_LOCK_HELD and what `work` does. */
export function actOnRoot<T>(
  paths: HostPaths,
  options: ActOptions,
  action: string,
  work: (context: ActContext) => Promise<T>,
): Promise<T> {
  const { env = process.env, progress = SILENT_PROGRESS, signal } = options;
  const context = { env, progress, signal };
  return withEventDelivery(paths, context, () =>
    withRootLock(paths, { ...options, action }, () => work(context)),
  );
}
