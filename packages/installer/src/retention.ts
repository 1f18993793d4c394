// Which releases stay: the current one and the one a rollback goes to, what is pinned or journaled, the newest that
// ran healthy, a few that failed or never ran, and everything a live process still uses.
import { statSync } from 'node:fs';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { isSettled, readJournal } from './journal.js';
import { readPins } from './pins.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readMark } from './release-marks.js';
import { readReleaseFacts } from './release-facts.js';
import { installedReleases } from './release-reference.js';
import { rollbackTarget } from './rollback-target.js';
import { findRunning } from './running-releases.js';

/** Why a release stays. */
export type KeepReason =
  | 'current'
  | 'previous'
  | 'rollback target'
  | 'pinned'
  | 'in journal'
  | 'in use'
  | 'healthy'
  | 'failed'
  | 'not yet active';

export interface RetentionPlan {
  readonly kept: ReadonlyMap<string, readonly KeepReason[]>;
  /** Oldest first. */
  readonly remove: readonly string[];
}

const KEEP_DEFAULT = 5;
/** Failed releases stay for inspection, but not for ever. */
const FAILED_KEPT = 2;

/** Decides for all installed releases. Throws E_FILE_SYSTEM, E_ROOT_UNUSABLE. */
export function planRetention(paths: HostPaths, keep = KEEP_DEFAULT): RetentionPlan {
  const kept = new Map<string, KeepReason[]>();
  const installed = newestFirst(paths);
  const keepIt = (release: string | null | undefined, reason: KeepReason): void => {
    if (typeof release !== 'string' || !installed.includes(release)) return;
    kept.set(release, [...(kept.get(release) ?? []), reason]);
  };
  keepIt(currentRelease(paths), 'current');
  keepIt(previousRelease(paths), 'previous');
  keepIt(rollbackTarget(paths), 'rollback target');
  for (const release of Object.keys(readPins(paths))) keepIt(release, 'pinned');
  const journal = readJournal(paths);
  if (!isSettled(journal)) for (const release of [journal?.from, journal?.to]) keepIt(release, 'in journal');
  const withHealth = (health: string | undefined): readonly string[] =>
    installed.filter((release) => readMark(paths, release)?.health === health);
  for (const release of withHealth('healthy').slice(0, keep)) keepIt(release, 'healthy');
  for (const release of withHealth('failed').slice(0, FAILED_KEPT)) keepIt(release, 'failed');
  for (const release of withHealth(undefined).slice(0, keep)) keepIt(release, 'not yet active');
  const candidates = installed.filter((release) => !kept.has(release));
  // The scan costs some milliseconds: only when something would go.
  if (candidates.length > 0) for (const release of findRunning(paths, true).keys()) keepIt(release, 'in use');
  return { kept, remove: candidates.filter((release) => !kept.has(release)).reverse() };
}

/** By the act in which they were last made current; those that never were by the time of installation. */
function newestFirst(paths: HostPaths): readonly string[] {
  return installedReleases(paths)
    .map((release) => ({
      release,
      seq: readMark(paths, release)?.seq ?? 0,
      installedAt: readReleaseFacts(paths, release)?.installedAt ?? changedAt(paths, release),
    }))
    .sort((a, b) => b.seq - a.seq || b.installedAt.localeCompare(a.installedAt))
    .map(({ release }) => release);
}

function changedAt(paths: HostPaths, release: string): string {
  return new Date(
    statSync(releasePath(paths, release), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  ).toISOString();
}
