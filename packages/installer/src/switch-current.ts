// P10, the commit: one rename of a symlink. Before it nobody sees the new release, after it everybody does;
// there is no instant without `current`. The way back is laid beforehand, so that it is one rename as well and
// needs no room on the disk.
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';
import { syncDirectory } from './durability.js';
import { withFileErrors } from './file-errors.js';
import { releaseLinkTarget } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { currentRelease, previousRelease } from './release-links.js';

/** Start of the names of links that are not in place yet, in the root; recovery removes them. */
export const TEMPORARY_LINK_PREFIX = '.salver-link-';

function wayBack(paths: HostPaths): string {
  return `${paths.root}/${TEMPORARY_LINK_PREFIX}back`;
}

/** Lays the link that a revert renames over `current`. A crash leaves it; recovery removes it. Throws the system's error. */
export function layWayBack(paths: HostPaths, from: string): void {
  placeLink(wayBack(paths), from);
}

/** Removes the way back once nobody will go it. */
export function clearWayBack(paths: HostPaths): void {
  rmSync(wayBack(paths), { force: true });
}

/**
 * Makes `release` the current one. `previous` is set first, so that a rollback target exists before it is needed.
 * A crash in between leaves the old release current and named by both links; recovery puts `previous` back.
 * Throws E_ROOT_UNUSABLE, E_FILE_SYSTEM, E_DISK_FULL (nothing is switched), E_DURABILITY_UNKNOWN (it is).
 */
export function switchForward(paths: HostPaths, release: string, newPrevious: string | undefined): void {
  withFileErrors(`cannot activate ${release}`, () => {
    if (newPrevious !== undefined && newPrevious !== release) replaceLink(paths, paths.previous, newPrevious);
    replaceLink(paths, paths.current, release);
  });
  syncCommit(paths, release);
}

/**
 * Makes `to` current for a rollback. Where `previous` names it, that very link is renamed over `current`, which
 * needs neither room nor a free inode. Naming the release left behind as the new `previous` may fail on a full
 * disk; the rollback stands all the same. A crash in between leaves no `previous`; recovery sets it.
 * Returns what went wrong after the switch. Throws as {@link switchForward}.
 */
export function switchBack(paths: HostPaths, to: string, from: string | undefined): string | undefined {
  withFileErrors('cannot roll back', () => {
    if (previousRelease(paths) === to) renameSync(paths.previous, paths.current);
    else replaceLink(paths, paths.current, to);
  });
  syncCommit(paths, to);
  if (from === undefined) return undefined;
  try {
    replaceLink(paths, paths.previous, from);
    syncDirectory(paths.root);
    return undefined;
  } catch (error) {
    return fileSystemError(error, `rolled back to ${to}, but cannot set ${paths.previous}`).message;
  }
}

/**
 * Makes `from` current again and gives `previous` its old meaning. May be repeated: a crash in between leaves
 * `current` right and `previous` to be set once more. Throws E_FILE_SYSTEM, E_DURABILITY_UNKNOWN.
 */
export function revertCurrent(paths: HostPaths, from: string | null, previous: string | null): void {
  withFileErrors('cannot go back to the release before', () => {
    if (from === null) rmSync(paths.current, { force: true });
    else if (currentRelease(paths) !== from) goBack(paths, from);
  });
  syncCommit(paths, from ?? 'no release');
  try {
    restorePrevious(paths, previous);
    syncDirectory(paths.root);
  } catch (error) {
    // A full disk must not make a revert fail that has been made; `previous` then names the running release.
    const failure = fileSystemError(
      error,
      `went back to ${from ?? 'no release'}, but cannot set ${paths.previous}`,
    );
    if (failure.code !== 'E_DISK_FULL') throw failure;
  }
}

/** Sets `previous` to what it was; null removes it. Throws the system's error. */
export function restorePrevious(paths: HostPaths, previous: string | null): void {
  const named = previousRelease(paths) ?? null;
  if (named === previous) return;
  if (previous === null) rmSync(paths.previous, { force: true });
  else replaceLink(paths, paths.previous, previous);
}

function goBack(paths: HostPaths, from: string): void {
  try {
    renameSync(wayBack(paths), paths.current);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    replaceLink(paths, paths.current, from);
  }
}

/** The switch has been made; without this, a power cut may still take it back. */
function syncCommit(paths: HostPaths, release: string): void {
  try {
    syncDirectory(paths.root);
  } catch (error) {
    throw new SalverError(
      'E_DURABILITY_UNKNOWN',
      `${release} is current, but the disk does not confirm it: a power cut may undo that (${errnoOf(error) ?? 'error'})`,
      { cause: error, hint: 'check `dmesg`, then run `salver-host recover`', facts: { current: release } },
    );
  }
}

function replaceLink(paths: HostPaths, link: string, release: string): void {
  const temporary = `${paths.root}/${TEMPORARY_LINK_PREFIX}${process.pid}`;
  placeLink(temporary, release);
  try {
    renameSync(temporary, link);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Left by a dead process that had the same number: the lock is ours, so nobody is using it. */
function placeLink(path: string, release: string): void {
  try {
    symlinkSync(releaseLinkTarget(release), path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    rmSync(path);
    symlinkSync(releaseLinkTarget(release), path);
  }
}
