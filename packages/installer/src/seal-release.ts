// P7: a staged, synced release gets its name. Its record is written first: a crash in between leaves a record
// without a release, which recovery removes; a directory below releases/ is therefore always whole.
import { existsSync, renameSync } from 'node:fs';
import { syncDirectory } from './sync-directory.js';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { recordPath } from './release-facts.js';
import { writeDurably } from './write-durably.js';

export interface SealOptions {
  readonly paths: HostPaths;
  readonly release: string;
  /** The staging directory, for what has to be moved out of the way. */
  readonly staging: string;
  /** The staged release. */
  readonly tree: string;
  /** From recordPieces. */
  readonly record: Iterable<string>;
}

/** Throws E_DISK_FULL, E_FILE_SYSTEM. */
export function sealRelease(options: SealOptions): void {
  const { paths, release, staging, tree } = options;
  withFileErrors(`cannot put ${release} in place`, () => {
    const place = releasePath(paths, release);
    // A damaged release of this name: out of the way in one rename, never removed piece by piece in place.
    if (existsSync(place)) renameSync(place, `${staging}/damaged`);
    writeDurably(recordPath(paths, release), options.record);
    renameSync(tree, place);
    syncDirectory(paths.releases);
    syncDirectory(staging);
  });
}
