// How a release has fared on this host: did it become healthy, when was it last made current, which variables
// did it have. A mark is knowledge about a release, never part of it; a lost one makes the release unproven.
//
// A crash while a mark is written leaves the old mark and an unfinished file, which recovery removes, as it
// removes marks of releases that are gone.
import { readFileSync, readdirSync } from 'node:fs';
import type { HostPaths } from './host-paths.js';
import { makeDirectories } from './make-directories.js';
import { writeDurably } from './write-durably.js';

export interface ReleaseMark {
  readonly format: 1;
  readonly release: string;
  readonly health: 'healthy' | 'failed';
  /** Number of the act in which it was last made current, or was to be. */
  readonly seq: number;
  readonly txid: string;
  readonly at: string;
  readonly by: string;
  /** Why it failed. */
  readonly reason?: string;
  /** False when the release has no check: it counts as healthy because nothing says otherwise. */
  readonly checked: boolean;
  /** Names of the variables that were set when it was made current; never values. */
  readonly envNames: readonly string[];
}

const MARK_SUFFIX = '.json';

export function markPath(paths: HostPaths, release: string): string {
  return `${paths.marks}/${release}${MARK_SUFFIX}`;
}

/** The mark of a release; undefined when it has none that can be read. */
export function readMark(paths: HostPaths, release: string): ReleaseMark | undefined {
  try {
    const mark = JSON.parse(readFileSync(markPath(paths, release), 'utf8')) as ReleaseMark;
    return mark.format === 1 && Number.isSafeInteger(mark.seq) ? mark : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a mark, durably: no later rollback may go to a failed release, and a release that ran before a contract
 * migration must be known to have. Throws the system's error.
 */
export function writeMark(paths: HostPaths, mark: ReleaseMark): void {
  makeDirectories(paths.marks, 0o755);
  writeDurably(markPath(paths, mark.release), [`${JSON.stringify(mark)}\n`]);
}

/** Names of the releases that have a mark. */
export function markedReleases(paths: HostPaths): readonly string[] {
  return listIfThere(paths.marks)
    .filter((name) => name.endsWith(MARK_SUFFIX))
    .map((name) => name.slice(0, -MARK_SUFFIX.length));
}

function listIfThere(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
