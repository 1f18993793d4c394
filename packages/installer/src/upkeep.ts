// What people do with the releases of a root apart from switching: prune, pin, recover.
import type { CrashPolicy, Progress } from '@salver/core';
import { actOnRoot } from './act-on-root.js';
import type { ActContext, ActOptions } from './act-on-root.js';
import { attempt } from './act.js';
import { actingUser } from './acting-user.js';
import { findLeftovers } from './clear-leftovers.js';
import { withFileErrors } from './file-errors.js';
import { appendHistory } from './history.js';
import type { HistoryEntry } from './history-lines.js';
import { hostPaths } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { collectAssets, expiredAssets } from './kept-assets.js';
import { isSettled, readJournal } from './journal.js';
import { readPins, writePins } from './pins.js';
import { requireRoot } from './prepare-root.js';
import { recoverRoot } from './recover.js';
import type { Recovered } from './recover.js';
import { currentRelease } from './release-links.js';
import { findRelease } from './release-reference.js';
import { removeOldHookLogs, removeReleases } from './remove-releases.js';
import { readManifestOrNone } from './require-release.js';
import { planRetention } from './retention.js';

export interface UpkeepOptions extends ActOptions {
  readonly root: string;
  /** Find out what would be done and change nothing. Default false. */
  readonly dryRun?: boolean | undefined;
}

export interface PruneOptions extends UpkeepOptions {
  /** How many healthy releases stay. Default: as the current release says, else 5. */
  readonly keep?: number | undefined;
}

export interface Pruned {
  readonly changed: boolean;
  readonly removed: readonly string[];
  readonly kept: readonly { readonly release: string; readonly reasons: readonly string[] }[];
  /** Static files below `shared/static` that no release has and that were kept long enough. */
  readonly assetsRemoved: number;
}

/** Removes releases that nothing needs. Throws E_RELEASE_NOT_FOUND, E_LOCK_HELD, E_FILE_SYSTEM. */
export async function pruneReleases(options: PruneOptions): Promise<Pruned> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  if (options.dryRun === true) return report(paths, options.keep);
  return actOnRoot(paths, options, 'prune', async (common) => {
    await recoverRoot(paths, common);
    const pruned = report(paths, options.keep);
    if (pruned.removed.length > 0) removeReleases(paths, pruned.removed);
    removeOldHookLogs(paths);
    withFileErrors('cannot remove old assets', () => collectAssets(paths, new Date()));
    if (pruned.removed.length > 0)
      note(paths, common, { act: 'prune', result: 'ok', releases: pruned.removed });
    return pruned;
  });
}

function report(paths: HostPaths, keep: number | undefined): Pruned {
  const plan = planRetention(paths, keep ?? keepOf(paths));
  const kept = [...plan.kept].map(([release, reasons]) => ({ release, reasons }));
  const assetsRemoved = withFileErrors('cannot look for old assets', () =>
    expiredAssets(paths, new Date(), plan.remove),
  ).length;
  return { changed: plan.remove.length + assetsRemoved > 0, removed: plan.remove, kept, assetsRemoved };
}

function keepOf(paths: HostPaths): number | undefined {
  const current = currentRelease(paths);
  return current === undefined ? undefined : readManifestOrNone(paths, current)?.host.keep;
}

/** The end of an installation. A failure is a warning: the release is installed and current. */
export function collectReleases(paths: HostPaths, progress: Progress): void {
  attempt({ progress }, 'remove old releases', () => {
    removeReleases(paths, planRetention(paths, keepOf(paths)).remove);
    removeOldHookLogs(paths);
  });
  attempt({ progress }, 'remove old assets', () => collectAssets(paths, new Date()));
}

export interface PinOptions extends UpkeepOptions {
  readonly release: string;
  /** Take the pin away. Default false. */
  readonly remove?: boolean | undefined;
}

/** Throws E_RELEASE_NOT_FOUND, E_LOCK_HELD, E_FILE_SYSTEM. */
export async function pinRelease(
  options: PinOptions,
): Promise<{ readonly changed: boolean; readonly release: string; readonly pinned: boolean }> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  const pinned = options.remove !== true;
  const release = findRelease(paths, options.release);
  const isPinned = (): boolean => Object.hasOwn(readPins(paths), release);
  if (options.dryRun === true || isPinned() === pinned) {
    return { changed: isPinned() !== pinned, release, pinned };
  }
  return actOnRoot(paths, options, 'pin', async (common) => {
    await recoverRoot(paths, common);
    const others = Object.fromEntries(Object.entries(readPins(paths)).filter(([name]) => name !== release));
    const pin = { at: new Date().toISOString(), by: actingUser(common.env) };
    withFileErrors('cannot write the pins', () =>
      writePins(paths, pinned ? { ...others, [release]: pin } : others),
    );
    note(paths, common, { act: pinned ? 'pin' : 'unpin', result: 'ok', release });
    return { changed: true, release, pinned };
  });
}

export interface RecoverRootOptions extends UpkeepOptions {
  /** Default: what the release says, else `verify`. */
  readonly onCrash?: CrashPolicy | undefined;
}

export interface RecoveredRoot extends Recovered {
  readonly changed: boolean;
  /** The release that is current now. */
  readonly current: string | null;
}

/** Finishes or undoes what a crash has cut off. Throws as recoverRoot, E_RELEASE_NOT_FOUND, E_LOCK_HELD. */
export async function recoverInstallation(options: RecoverRootOptions): Promise<RecoveredRoot> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  if (options.dryRun === true) return previewRecovery(paths);
  return actOnRoot(paths, options, 'recover', async (common) => {
    const recovered = await recoverRoot(paths, { ...common, onCrash: options.onCrash });
    const changed = recovered.outcome !== 'none' || recovered.removed > 0 || recovered.endedCommand;
    return { ...recovered, changed, current: currentRelease(paths) ?? null };
  });
}

/** What waits to be recovered; `none` as the outcome when no activation was cut off. */
function previewRecovery(paths: HostPaths): RecoveredRoot {
  const journal = readJournal(paths);
  const removed = findLeftovers(paths).length;
  const isOpen = journal !== undefined && !isSettled(journal);
  const current = currentRelease(paths) ?? null;
  const release = isOpen ? journal.to : null;
  return { outcome: 'none', release, removed, endedCommand: false, changed: isOpen || removed > 0, current };
}

function note(paths: HostPaths, { env, progress }: ActContext, entry: Omit<HistoryEntry, 'at' | 'by'>): void {
  attempt({ progress }, 'add to the history', () =>
    appendHistory(paths, { at: new Date().toISOString(), by: actingUser(env), ...entry }),
  );
}
