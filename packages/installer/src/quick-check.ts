// Is an installed release still what was recorded, as far as names, sizes, modes and times tell? Cheap enough
// (one lstat per file) to be asked before a release is reused as a whole.
import { lstatSync } from 'node:fs';
import { isUnchanged } from './member-linker.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { rowPath } from './recorded-entry.js';
import type { InstalledTree } from './recorded-entry.js';
import { readRecord } from './release-record.js';
import type { RecordRow } from './release-record.js';
import { SharedPaths } from './shared-paths.js';

/** False when the record or a recorded file is missing or changed. */
export function hasAllFiles(paths: HostPaths, release: string): boolean {
  const record = readRecord(paths, release);
  if (record === undefined) return false;
  const installed = { tree: releasePath(paths, release), shared: new SharedPaths(record.facts.shared) };
  return record.digests.every((_digest, index) =>
    record
      .rows(index)
      .every((row) => row[0] === 'p' || (isUnchanged(installed, row) && isThere(installed, row))),
  );
}

/** Empty files are not looked at when they are to be linked, because they never are. */
function isThere(installed: InstalledTree, row: RecordRow): boolean {
  if ((row[0] !== 'f' && row[0] !== 'x') || row[2] > 0) return true;
  const stats = lstatSync(rowPath(installed, row[1]), { throwIfNoEntry: false });
  return stats !== undefined && stats.isFile() && stats.size === 0;
}
