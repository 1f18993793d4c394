// Directories of the builder that a built file tells the loader of hosts to look into. An interpreter from a place of its own
// (pyenv, /opt) has such flags in its settings, and every extension that is built with it gets them.
import { comparePaths, readElf } from '@salver/core';
import type { PackEntry } from '@salver/core';

/** Where every loader looks anyway. */
const STANDARD = /^\/(?:usr\/)?(?:local\/)?lib(?:32|64)?(?:\/|$)/;

/** Absolute directories outside the system's own, sorted. */
export function foreignSearchPaths(entries: readonly PackEntry[]): readonly string[] {
  const found = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    for (const path of readElf(entry)?.searchPaths ?? []) {
      if (path.startsWith('/') && !STANDARD.test(path)) found.add(path);
    }
  }
  return [...found].sort(comparePaths);
}
