// P1: clear away what a run that was killed left behind. Runs with the lock held, before anything else. It
// only removes; nothing half done is finished, because everything before the commit is invisible and the next
// install makes it again. What is removed: staging, unfinished files, temporary links, records of releases
// that never got their name.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { TEMPORARY_LINK_PREFIX } from './switch-current.js';
import { UNFINISHED_SUFFIX } from './write-durably.js';

const RECORD_SUFFIX = '.jsonl';

/** Removes leftovers of dead runs. Returns how many things were removed. Throws E_FILE_SYSTEM. */
export function recoverRoot(paths: HostPaths): number {
  return withFileErrors('cannot clear away what an interrupted run left', () => {
    const leftovers = [
      ...readdirSync(paths.staging).map((name) => `${paths.staging}/${name}`),
      ...readdirSync(paths.root)
        .filter((name) => name.startsWith(TEMPORARY_LINK_PREFIX))
        .map((name) => `${paths.root}/${name}`),
      ...readdirSync(paths.records)
        .filter((name) => isOrphan(paths, name))
        .map((name) => `${paths.records}/${name}`),
    ];
    for (const path of leftovers) rmSync(path, { recursive: true, force: true });
    return leftovers.length;
  });
}

function isOrphan(paths: HostPaths, recordName: string): boolean {
  if (recordName.endsWith(UNFINISHED_SUFFIX)) return true;
  if (!recordName.endsWith(RECORD_SUFFIX)) return false;
  return !existsSync(releasePath(paths, recordName.slice(0, -RECORD_SUFFIX.length)));
}
