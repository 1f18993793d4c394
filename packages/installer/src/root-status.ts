// What is installed in a root and what runs. Read-only: takes no lock, changes nothing.
import { existsSync } from 'node:fs';
import { isSalverError } from '@salver/core';
import { hostPaths, releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { requireRoot } from './prepare-root.js';
import { currentRelease, previousRelease } from './release-links.js';
import { installedReleases, splitReleaseName } from './release-reference.js';
import { readReleaseFacts } from './release-record.js';

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
}

export interface RootStatus {
  readonly root: string;
  /** Name of the app; null when nothing tells. */
  readonly name: string | null;
  readonly current: InstalledRelease | null;
  /** Where a rollback would go, or null. */
  readonly previous: InstalledRelease | null;
  readonly releasesTotal: number;
  /** What an operator should look at, one line each. Empty when all is well. */
  readonly problems: readonly string[];
}

/** Throws E_RELEASE_NOT_FOUND when nothing was ever installed in `root`, E_FILE_SYSTEM. */
export function rootStatus(root: string): RootStatus {
  const paths = hostPaths(root);
  requireRoot(paths);
  const problems: string[] = [];
  const current = describeLink(paths, 'current', problems);
  const previous = describeLink(paths, 'previous', problems);
  const facts = current === undefined ? undefined : readReleaseFacts(paths, current);
  return {
    root: paths.root,
    name: facts?.name ?? null,
    current: current === undefined ? null : describeRelease(paths, current, { current, previous }),
    previous: previous === undefined ? null : describeRelease(paths, previous, { current, previous }),
    releasesTotal: installedReleases(paths).length,
    problems,
  };
}

/** All installed releases, the newest first. Throws E_RELEASE_NOT_FOUND, E_FILE_SYSTEM. */
export function listReleases(root: string): readonly InstalledRelease[] {
  const paths = hostPaths(root);
  requireRoot(paths);
  const links = {
    current: describeLink(paths, 'current', []),
    previous: describeLink(paths, 'previous', []),
  };
  return installedReleases(paths)
    .map((release) => describeRelease(paths, release, links))
    .sort(byInstallation);
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

function describeRelease(paths: HostPaths, release: string, links: Links): InstalledRelease {
  const facts = readReleaseFacts(paths, release);
  const { version, shortId } = splitReleaseName(release);
  return {
    release,
    version: facts?.version ?? version,
    id: facts?.id ?? shortId,
    ...(facts === undefined ? {} : { installedAt: facts.installedAt, sizeBytes: facts.sizeBytes }),
    ...(facts?.commit === undefined ? {} : { commit: facts.commit }),
    isCurrent: release === links.current,
    isPrevious: release === links.previous,
  };
}

function byInstallation(a: InstalledRelease, b: InstalledRelease): number {
  const newestFirst = (b.installedAt ?? '').localeCompare(a.installedAt ?? '');
  return newestFirst === 0 ? a.release.localeCompare(b.release) : newestFirst;
}
