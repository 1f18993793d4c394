// A small file that must be there whole or not at all, also after a power cut.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory.js';

/** Suffix of unfinished files; recovery removes them. */
export const UNFINISHED_SUFFIX = '.unfinished';

/** Writes `path` by way of a sibling name, fsync, rename and fsync of the directory. Throws the system's error. */
export function writeDurably(path: string, pieces: Iterable<string>): void {
  const unfinished = `${path}${UNFINISHED_SUFFIX}`;
  try {
    const fd = openSync(unfinished, 'w', 0o644);
    try {
      for (const piece of pieces) writeFileSync(fd, piece);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}
