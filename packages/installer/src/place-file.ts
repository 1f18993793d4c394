// How a file of an installed release gets its second name.
import { constants, copyFileSync, linkSync, lstatSync } from 'node:fs';
import { errnoOf } from '@salver/core';

/**
 * `link` makes hard links, `copy` copies (sharing blocks where the file system can), `none` takes nothing
 * from installed releases.
 */
export type LinkMode = 'link' | 'copy' | 'none';

/** The system refuses links here: other file system, protected_hardlinks, too many links, no links at all. */
const LINK_REFUSED: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Gives the file at `from` the new name `to`. Returns undefined when it is a link; else the copy's modification
 * time in milliseconds and its inode. Throws the system's error.
 */
export function placeFile(
  from: string,
  to: string,
  mode: LinkMode,
): { readonly mtimeMs: number; readonly inode: number } | undefined {
  if (mode === 'link' && tryLink(from, to)) return undefined;
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const { mtimeMs, ino } = lstatSync(to);
  return { mtimeMs, inode: ino };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (LINK_REFUSED.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}
