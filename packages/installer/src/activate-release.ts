// Making an installed release the current one, and going back.
import { SalverError } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import { hostPaths, releasePath } from './host-paths.js';
import { withRootLock } from './lock.js';
import { requireRoot } from './prepare-root.js';
import { recoverRoot } from './recover.js';
import { currentRelease, previousRelease } from './release-links.js';
import { findRelease } from './release-reference.js';
import { requireManifest, requireRelease } from './require-release.js';
import { fillSharedPaths, sharedPathsOf } from './shared-paths.js';
import { switchBack, switchCurrent } from './switch-current.js';

export interface SwitchOptions {
  readonly root: string;
  /** How long to wait for another run, in milliseconds. Default 0. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ActivateOptions extends SwitchOptions {
  /** Name, version or beginning of the id of an installed release. */
  readonly release: string;
}

export interface SwitchResult {
  /** False when the release was current already. */
  readonly changed: boolean;
  /** The release that is current now. */
  readonly release: string;
  /** The release a rollback would go to now, or null. */
  readonly previous: string | null;
}

/**
 * Throws E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED, E_ROOT_UNUSABLE, E_LOCK_HELD, E_DISK_FULL, E_FILE_SYSTEM, E_INTERRUPTED.
 */
export async function activateRelease(options: ActivateOptions): Promise<SwitchResult> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  return withRootLock(paths, { ...options, action: `activate ${options.release}` }, () => {
    recoverRoot(paths);
    const release = findRelease(paths, options.release);
    const changed = currentRelease(paths) !== release;
    if (changed) {
      const shared = sharedPathsOf(requireManifest(paths, release));
      withFileErrors('cannot set up shared paths', () =>
        fillSharedPaths(paths, releasePath(paths, release), shared),
      );
      switchCurrent(paths, release);
    }
    return Promise.resolve({ changed, release, previous: previousRelease(paths) ?? null });
  });
}

/**
 * Goes back to the release that `previous` names; the one left behind becomes the new `previous`. Needs neither
 * the artifact nor room on the disk.
 * Throws E_NOTHING_TO_ROLL_BACK, E_RELEASE_NOT_FOUND, E_ROOT_UNUSABLE, E_LOCK_HELD, E_FILE_SYSTEM, E_INTERRUPTED.
 */
export async function rollbackRelease(options: SwitchOptions): Promise<SwitchResult> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  return withRootLock(paths, { ...options, action: 'rollback' }, () => {
    recoverRoot(paths);
    const from = currentRelease(paths);
    const to = previousRelease(paths);
    if (to === undefined || to === from) {
      throw new SalverError(
        'E_NOTHING_TO_ROLL_BACK',
        `there is no earlier release to go back to in ${paths.root}`,
        {
          hint: 'activate a release by name: see `salver-host releases`',
        },
      );
    }
    requireRelease(paths, to);
    switchBack(paths, from);
    return Promise.resolve({ changed: true, release: to, previous: previousRelease(paths) ?? null });
  });
}
