// P10, the commit: one rename of a symlink. Before it nobody sees the new release, after it everybody does;
// there is no instant without `current`.
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { errnoOf, fileSystemError } from '@salver/core';
import { syncDirectory } from './durability.js';
import { withFileErrors } from './file-errors.js';
import { releaseLinkTarget } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { currentRelease } from './release-links.js';

/** Start of the names of links that are not in place yet, in the root; recovery removes them. */
export const TEMPORARY_LINK_PREFIX = '.salver-link-';

/**
 * Makes `release` the current one. `previous` is set first, so that a rollback target exists before it is needed.
 * A crash in between leaves the old release current and named by both links; the next run repeats the act.
 * Throws E_ROOT_UNUSABLE, E_FILE_SYSTEM, E_DISK_FULL.
 */
export function switchCurrent(paths: HostPaths, release: string): void {
  const from = currentRelease(paths);
  withFileErrors(`cannot activate ${release}`, () => {
    if (from !== undefined && from !== release) replaceLink(paths, paths.previous, from);
    replaceLink(paths, paths.current, release);
    syncDirectory(paths.root);
  });
}

/**
 * Goes back to `to`, which `previous` names: that very link is renamed over `current`, which needs neither room
 * nor a free inode. Naming the release left behind as the new `previous` may fail on a full disk; the
 * rollback stands all the same. A crash in between leaves no `previous`.
 */
export function switchBack(paths: HostPaths, from: string | undefined): void {
  withFileErrors('cannot roll back', () => {
    renameSync(paths.previous, paths.current);
    syncDirectory(paths.root);
  });
  if (from === undefined) return;
  try {
    replaceLink(paths, paths.previous, from);
    syncDirectory(paths.root);
  } catch (error) {
    const code = fileSystemError(error, 'previous').code;
    if (code !== 'E_DISK_FULL') throw fileSystemError(error, `rolled back, but cannot set ${paths.previous}`);
  }
}

function replaceLink(paths: HostPaths, link: string, release: string): void {
  const temporary = `${paths.root}/${TEMPORARY_LINK_PREFIX}${process.pid}`;
  try {
    symlinkSync(releaseLinkTarget(release), temporary);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    // Left by a dead process that had the same number: the lock is ours, so nobody is using it.
    rmSync(temporary);
    symlinkSync(releaseLinkTarget(release), temporary);
  }
  try {
    renameSync(temporary, link);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
