// Is an installed release still what was recorded, as far as names, sizes, modes and times tell? Cheap enough
// (one lstat per file) to be asked before a release is reused as a whole.
import { isUnchanged } from './member-linker.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { readRecord } from './release-record.js';
import { SharedPaths } from './shared-paths.js';

/** False when the record or a recorded file is missing or changed. */
export function hasAllFiles(paths: HostPaths, release: string): boolean {
  const record = readRecord(paths, release);
  if (record === undefined) return false;
  const installed = { tree: releasePath(paths, release), shared: new SharedPaths(record.facts.shared) };
  return record.digests.every((_digest, index) =>
    record.rows(index).every((row) => row[0] === 'p' || isUnchanged(installed, row)),
  );
}
