// Where a rollback goes: to `previous`, unless that release failed or is gone; else to the healthy release that ran
// last. Decided by numbers of acts, never by the clock.
import { existsSync } from 'node:fs';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readMark } from './release-marks.js';
import { installedReleases } from './release-reference.js';

/** The release, or undefined when there is none. One that `previous` names alone may be missing on the disk. */
export function rollbackTarget(paths: HostPaths): string | undefined {
  const current = currentRelease(paths);
  const previous = previousRelease(paths);
  const named = previous === current ? undefined : previous;
  if (named !== undefined && existsSync(releasePath(paths, named))) {
    if (readMark(paths, named)?.health !== 'failed') return named;
  }
  return lastHealthy(paths, current) ?? (namesFailed(paths, named) ? undefined : named);
}

function namesFailed(paths: HostPaths, release: string | undefined): boolean {
  return release !== undefined && readMark(paths, release)?.health === 'failed';
}

function lastHealthy(paths: HostPaths, current: string | undefined): string | undefined {
  return installedReleases(paths)
    .filter((release) => release !== current)
    .flatMap((release) => readMark(paths, release) ?? [])
    .filter((mark) => mark.health === 'healthy')
    .sort((a, b) => b.seq - a.seq)
    .at(0)?.release;
}
