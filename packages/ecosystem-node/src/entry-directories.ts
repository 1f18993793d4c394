// Directory entries for a unit made of files: one for the unit's own directory and each one below it.
import { directoryEntry } from '@salver/core';
import { posix } from 'node:path';
import type { PackEntry } from '@salver/core';

/**
 * Entries for `location`, for every directory between it and these entries, and for `more`; those that
 * another unit names are left out.
 */
export function directoryEntries(
  location: string,
  entries: readonly PackEntry[],
  options: { readonly more?: readonly string[]; readonly namedElsewhere?: ReadonlySet<string> } = {},
): readonly PackEntry[] {
  const directories = new Set([location]);
  const addParents = (path: string): void => {
    for (let parent = posix.dirname(path); parent.length > location.length; parent = posix.dirname(parent)) {
      if (directories.has(parent)) break;
      directories.add(parent);
    }
  };
  for (const { path } of entries) addParents(path);
  for (const path of options.more ?? []) {
    addParents(path);
    directories.add(path);
  }
  return [...directories].filter((path) => options.namedElsewhere?.has(path) !== true).map(directoryEntry);
}
