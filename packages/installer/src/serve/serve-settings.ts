// How a release is served: what the command line says, else what the release says, else the default.
import type { Manifest } from '@salver/core';
import { durationMs } from '../duration.js';

export interface ServeSettings {
  /** Processes that are started side by side. */
  readonly workers: number;
  /** Path that must answer before a release counts as ready; undefined: accepting connections is enough. */
  readonly readyPath: string | undefined;
  /** How long a release may take to become ready. */
  readonly readyMs: number;
  /** How long both releases serve before the old one is asked to go; one that dies in it has failed. */
  readonly settleMs: number;
  /** How long the old release may take to finish what it has begun. */
  readonly drainMs: number;
}

export type ServeOverrides = { readonly [K in keyof ServeSettings]?: ServeSettings[K] | undefined };

export const WORKERS_MAX = 256;

const DEFAULTS: ServeSettings = {
  workers: 1,
  readyPath: undefined,
  readyMs: 60_000,
  settleMs: 1_000,
  drainMs: 30_000,
};

/** The settings for one release. */
export function serveSettings(manifest: Manifest, overrides: ServeOverrides): ServeSettings {
  const { workers, ready, drain } = manifest.host.serve ?? {};
  return {
    workers: overrides.workers ?? workers ?? DEFAULTS.workers,
    readyPath: overrides.readyPath ?? (ready === 'accept' ? undefined : ready) ?? DEFAULTS.readyPath,
    readyMs: overrides.readyMs ?? DEFAULTS.readyMs,
    settleMs: overrides.settleMs ?? DEFAULTS.settleMs,
    drainMs: overrides.drainMs ?? durationMs(drain, DEFAULTS.drainMs),
  };
}
