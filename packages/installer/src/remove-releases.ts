// Removing releases. Each leaves releases/ by one rename into staging before anything of it is deleted, so that
// there is never half a release below releases/.
//
// A crash before the rename: nothing has happened. After it: a record, a mark and the trash of a release that is
// not there any more; recovery removes all three.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { errnoOf } from '@salver/core';
import { syncDirectory } from './sync-directory.js';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { markPath } from './release-marks.js';
import { recordPath } from './release-facts.js';

/** Call it with the lock held. Throws E_FILE_SYSTEM; what was removed by then stays removed. */
export function removeReleases(paths: HostPaths, releases: readonly string[]): void {
  if (releases.length === 0) return;
  withFileErrors('cannot remove old releases', () => {
    mkdirSync(paths.staging, { recursive: true });
    for (const release of releases) {
      const trash = `${paths.staging}/trash-${release}`;
      rmSync(trash, { recursive: true, force: true });
      renameSync(releasePath(paths, release), trash);
    }
    // The names must be gone for good before the records are.
    syncDirectory(paths.releases);
    for (const release of releases) {
      rmSync(recordPath(paths, release), { force: true });
      rmSync(markPath(paths, release), { force: true });
      rmSync(`${paths.staging}/trash-${release}`, { recursive: true, force: true });
    }
  });
}

/** Output of hooks is kept for so many acts. */
const HOOK_LOGS_KEPT = 50;

/** Removes the output of hooks of acts long ago: names begin with the number of the act. */
export function removeOldHookLogs(paths: HostPaths): void {
  withFileErrors('cannot remove old output of hooks', () => {
    let names: readonly string[];
    try {
      names = readdirSync(paths.hooks);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw error;
    }
    const old = [...names].sort((a, b) => Number.parseInt(b) - Number.parseInt(a)).slice(HOOK_LOGS_KEPT);
    for (const name of old) rmSync(`${paths.hooks}/${name}`, { recursive: true, force: true });
  });
}
