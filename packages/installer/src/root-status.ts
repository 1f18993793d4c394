// What is installed in a root and what runs. Read-only: takes no lock, changes nothing. `status` starts as fast as
// Node itself, so nothing here reads more than the first or last lines of a few files.
import { existsSync } from 'node:fs';
import { isSalverError } from '@salver/core';
import { contractInTheWay } from './contract-guard.js';
import { lastHistoryLines } from './history-lines.js';
import type { HistoryLine } from './history-lines.js';
import { hostPaths, releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { isSettled, readJournal } from './journal.js';
import { readPins } from './pins.js';
import { requireRoot } from './prepare-root.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readMark } from './release-marks.js';
import type { ReleaseMark } from './release-marks.js';
import { installedReleases, splitReleaseName } from './release-reference.js';
import { readReleaseFacts } from './release-facts.js';
import { rollbackTarget } from './rollback-target.js';
import { findRunning } from './running-releases.js';
import type { RunningReleases } from './running-releases.js';

/** One installed release, as lists show it. */
export interface InstalledRelease {
  readonly release: string;
  readonly version: string;
  /** Release id; only its first 12 digits when the record is missing. */
  readonly id: string;
  /** ISO time; absent when the record is missing. */
  readonly installedAt?: string;
  /** Commit the release was built from, as its label says. */
  readonly commit?: string;
  readonly sizeBytes?: number;
  readonly isCurrent: boolean;
  readonly isPrevious: boolean;
  /** How it fared when it was last made current; `unknown`: it never was, or nobody wrote it down. */
  readonly health: 'healthy' | 'failed' | 'unknown';
  /** False when it has no check: nothing says that it is not healthy. Absent when unknown. */
  readonly checked?: boolean;
  /** Why it failed. */
  readonly reason?: string;
  /** When, and by whom, it was last made current. */
  readonly activatedAt?: string;
  readonly activatedBy?: string;
  readonly isPinned: boolean;
  /** Numbers of the processes that use it. */
  readonly processes: readonly number[];
}

/** What `rollback` would do. */
export interface RollbackPreview {
  readonly release: string;
  /** Why it would be refused, or null. */
  readonly refused: string | null;
}

export interface RootStatus {
  readonly root: string;
  /** Name of the app; null when nothing tells. */
  readonly name: string | null;
  readonly current: InstalledRelease | null;
  /** The release that ran before, or null. */
  readonly previous: InstalledRelease | null;
  readonly rollback: RollbackPreview | null;
  readonly releasesTotal: number;
  /** Releases that processes use, the current one included. */
  readonly running: readonly { readonly release: string; readonly processes: readonly number[] }[];
  readonly lastAct: HistoryLine | null;
  /** True when a supervisor serves this root, or has: ask it with {@link supervisorStatus}. */
  readonly supervised: boolean;
  /** What an operator should look at, one line each. Empty when all is well. */
  readonly problems: readonly string[];
}

/** Throws E_RELEASE_NOT_FOUND when nothing was ever installed in `root`, E_FILE_SYSTEM. */
export function rootStatus(root: string): RootStatus {
  const paths = hostPaths(root);
  requireRoot(paths);
  const problems: string[] = [];
  const view = viewRoot(paths, problems);
  const current = view.current === undefined ? null : describeRelease(paths, view.current, view);
  const previous = view.previous === undefined ? null : describeRelease(paths, view.previous, view);
  problems.push(...findProblems(paths, current, view));
  return {
    root: paths.root,
    name: view.current === undefined ? null : (readReleaseFacts(paths, view.current)?.name ?? null),
    current,
    previous,
    rollback: previewRollback(paths, problems),
    releasesTotal: installedReleases(paths).length,
    running: [...view.running].map(([release, processes]) => ({ release, processes })),
    lastAct: lastHistoryLines(paths).at(-1) ?? null,
    supervised: existsSync(paths.serveSocket),
    problems,
  };
}

/** All installed releases, the newest first. Throws E_RELEASE_NOT_FOUND, E_FILE_SYSTEM. */
export function listReleases(root: string): readonly InstalledRelease[] {
  const paths = hostPaths(root);
  requireRoot(paths);
  const view = viewRoot(paths, []);
  return installedReleases(paths)
    .map((release) => describeRelease(paths, release, view))
    .sort(byInstallation);
}

/** What is the same for all releases of a root. */
interface RootView extends Links {
  readonly pinned: ReadonlySet<string>;
  readonly running: RunningReleases;
}

function viewRoot(paths: HostPaths, problems: string[]): RootView {
  return {
    current: describeLink(paths, 'current', problems),
    previous: describeLink(paths, 'previous', problems),
    pinned: new Set(Object.keys(readPins(paths))),
    running: findRunning(paths, false),
  };
}

function findProblems(
  paths: HostPaths,
  current: InstalledRelease | null,
  { running }: RootView,
): readonly string[] {
  const problems: string[] = [];
  const journal = readJournal(paths);
  if (journal !== undefined && !isSettled(journal)) {
    problems.push(
      `an activation of ${journal.to} is under way or was cut off: \`salver-host recover\` settles it`,
    );
  }
  if (current?.health === 'failed')
    problems.push(`${current.release} is current but failed: ${current.reason ?? ''}`);
  for (const [release, processes] of running) {
    if (release === current?.release || !existsSync(releasePath(paths, release))) continue;
    problems.push(`${release} is not current, but processes use it: ${processes.slice(0, 10).join(', ')}`);
  }
  return problems;
}

function previewRollback(paths: HostPaths, problems: string[]): RollbackPreview | null {
  try {
    const release = rollbackTarget(paths);
    if (release === undefined) return null;
    const contract = contractInTheWay(paths, release);
    const refused =
      contract === undefined ? null : `the contract migration of ${contract.release} ran on ${contract.at}`;
    return { release, refused };
  } catch (error) {
    if (!isSalverError(error)) throw error;
    // What is wrong with the links is in the list already.
    if (error.code !== 'E_ROOT_UNUSABLE') problems.push(error.message);
    return null;
  }
}

interface Links {
  readonly current: string | undefined;
  readonly previous: string | undefined;
}

function describeLink(paths: HostPaths, link: keyof Links, problems: string[]): string | undefined {
  try {
    const release = link === 'current' ? currentRelease(paths) : previousRelease(paths);
    if (release === undefined || existsSync(releasePath(paths, release))) return release;
    problems.push(`${link} points to ${release}, which is not installed`);
  } catch (error) {
    if (!isSalverError(error, 'E_ROOT_UNUSABLE')) throw error;
    problems.push(error.message);
  }
  return undefined;
}

function describeRelease(paths: HostPaths, release: string, view: RootView): InstalledRelease {
  const facts = readReleaseFacts(paths, release);
  const { version, shortId } = splitReleaseName(release);
  return {
    release,
    version: facts?.version ?? version,
    id: facts?.id ?? shortId,
    ...(facts === undefined ? {} : { installedAt: facts.installedAt, sizeBytes: facts.sizeBytes }),
    ...(facts?.commit === undefined ? {} : { commit: facts.commit }),
    isCurrent: release === view.current,
    isPrevious: release === view.previous,
    ...describeMark(readMark(paths, release)),
    isPinned: view.pinned.has(release),
    processes: view.running.get(release) ?? [],
  };
}

function describeMark(
  mark: ReleaseMark | undefined,
): Pick<InstalledRelease, 'health' | 'checked' | 'reason' | 'activatedAt' | 'activatedBy'> {
  if (mark === undefined) return { health: 'unknown' };
  const { health, checked, reason, at, by } = mark;
  return { health, checked, ...(reason === undefined ? {} : { reason }), activatedAt: at, activatedBy: by };
}

function byInstallation(a: InstalledRelease, b: InstalledRelease): number {
  const newestFirst = (b.installedAt ?? '').localeCompare(a.installedAt ?? '');
  return newestFirst === 0 ? a.release.localeCompare(b.release) : newestFirst;
}
