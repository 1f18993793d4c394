// Making an installed release the current one, and going back. Both are activations; see activation.ts.
import { SalverError } from '@salver/core';
import { actOnRoot } from './act-on-root.js';
import type { ActOptions } from './act-on-root.js';
import { performActivation } from './activation.js';
import { hostPaths } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { PhaseClock } from './phase-clock.js';
import { requireRoot } from './prepare-root.js';
import { recoverRoot } from './recover.js';
import { currentRelease, previousRelease } from './release-links.js';
import { findRelease } from './release-reference.js';
import { readManifestOrNone, requireManifest, requireRelease } from './require-release.js';
import { rollbackTarget } from './rollback-target.js';

export interface SwitchOptions extends ActOptions {
  readonly root: string;
  /** Go back over a contract migration that ran here; the history says so. */
  readonly force?: boolean | undefined;
}

export interface ActivateOptions extends SwitchOptions {
  /** Name, version or beginning of the id of an installed release. */
  readonly release: string;
  /** Run the release's `migrate` hook. Default false. */
  readonly migrate?: boolean | undefined;
  /** How long the release is watched after its check, in milliseconds. Default 0. */
  readonly watchMs?: number | undefined;
}

export interface SwitchResult {
  /** False when the release was current already. */
  readonly changed: boolean;
  /** The release that is current now. */
  readonly release: string;
  /** The release a rollback would go to now, or null. */
  readonly previous: string | null;
}

/** Throws what performActivation throws, E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED, E_ROOT_UNUSABLE, E_LOCK_HELD. */
export async function activateRelease(options: ActivateOptions): Promise<SwitchResult> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  return actOnRoot(paths, options, `activate ${options.release}`, async (common) => {
    await recoverRoot(paths, common);
    const release = findRelease(paths, options.release);
    if (currentRelease(paths) === release) return unchanged(paths, release);
    const manifest = requireManifest(paths, release);
    const { migrate, watchMs, force } = options;
    const plan = { ...common, paths, act: 'activate', release, manifest, migrate, watchMs, force } as const;
    const { previous } = await performActivation({ ...plan, clock: new PhaseClock() });
    return { changed: true, release, previous };
  });
}

/**
 * Goes back to the last release that ran healthy; the one left behind becomes the new `previous`. Needs neither the
 * artifact, nor the network, nor the clock, nor room on the disk.
 * Throws what performActivation throws, E_NOTHING_TO_ROLL_BACK, E_RELEASE_NOT_FOUND, E_ROOT_UNUSABLE, E_LOCK_HELD.
 */
export async function rollbackRelease(options: SwitchOptions): Promise<SwitchResult> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  return actOnRoot(paths, options, 'rollback', async (common) => {
    // An activation that was cut off is not checked first: it is about to be left behind.
    await recoverRoot(paths, { ...common, onCrash: 'keep' });
    const release = requireTarget(paths);
    const manifest = readManifestOrNone(paths, release);
    if (manifest === undefined) common.progress.warn(`${release} has no readable manifest: no hook is run`);
    const plan = { ...common, paths, act: 'rollback', release, manifest, force: options.force } as const;
    const { previous } = await performActivation({ ...plan, clock: new PhaseClock() });
    return { changed: true, release, previous };
  });
}

function requireTarget(paths: HostPaths): string {
  const target = rollbackTarget(paths);
  if (target === undefined) {
    throw new SalverError(
      'E_NOTHING_TO_ROLL_BACK',
      `there is no earlier release to go back to in ${paths.root}`,
      { hint: 'activate a release by name: see `salver-host releases`' },
    );
  }
  requireRelease(paths, target);
  return target;
}

function unchanged(paths: HostPaths, release: string): SwitchResult {
  return { changed: false, release, previous: previousRelease(paths) ?? null };
}
