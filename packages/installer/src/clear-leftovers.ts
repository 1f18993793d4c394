// What dead runs leave: work in staging, unfinished files, temporary links, records and marks of releases that are
// not there. All of it is garbage by construction; it is only removed, never finished.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { errnoOf } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { TEMPORARY_LINK_PREFIX } from './switch-current.js';
import { UNFINISHED_SUFFIX } from './write-durably.js';

const RECORD_SUFFIX = '.jsonl';
const MARK_SUFFIX = '.json';

/** Removes leftovers of dead runs; call it with the lock held. Returns how many there were. Throws E_FILE_SYSTEM. */
export function clearLeftovers(paths: HostPaths): number {
  return withFileErrors('cannot clear away what an interrupted run left', () => {
    const leftovers = findLeftovers(paths);
    for (const path of leftovers) rmSync(path, { recursive: true, force: true });
    return leftovers.length;
  });
}

/** Their paths. Throws the system's error. */
export function findLeftovers(paths: HostPaths): readonly string[] {
  return [
    ...below(paths.staging, () => true),
    ...below(paths.root, (name) => name.startsWith(TEMPORARY_LINK_PREFIX)),
    ...below(paths.state, (name) => name.endsWith(UNFINISHED_SUFFIX)),
    ...below(paths.trustState, (name) => name.endsWith(UNFINISHED_SUFFIX)),
    ...below(paths.records, (name) => isOrphan(paths, name, RECORD_SUFFIX)),
    ...below(paths.marks, (name) => isOrphan(paths, name, MARK_SUFFIX)),
  ];
}

function below(directory: string, isLeftover: (name: string) => boolean): readonly string[] {
  try {
    return readdirSync(directory)
      .filter(isLeftover)
      .map((name) => `${directory}/${name}`);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function isOrphan(paths: HostPaths, name: string, suffix: string): boolean {
  if (name.endsWith(UNFINISHED_SUFFIX)) return true;
  if (!name.endsWith(suffix)) return false;
  return !existsSync(releasePath(paths, name.slice(0, -suffix.length)));
}
