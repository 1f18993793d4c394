// Symlinks that scripts and builds make may point anywhere; in a release they must stay inside it.
import { isAbsolute, posix, relative } from 'node:path';
import type { PackEntry } from '@salver/core';
import { LinkResolver, linkEntry, linkTargetProblem, printable } from '@salver/core';

/** Absolute links into `rootDir` become relative; links that leave it are left out, with a warning. */
export function keepInsideLinks(
  entries: readonly PackEntry[],
  rootDir: string,
  warn: (text: string) => void,
): readonly PackEntry[] {
  const relativeEntries = entries.map((entry) => {
    if (entry.kind !== 'symlink' || !isAbsolute(entry.linkTarget)) return entry;
    const target = relative(rootDir, entry.linkTarget);
    if (target === '..' || target.startsWith('../')) return entry;
    return linkEntry(entry.path, posix.relative(posix.dirname(entry.path), target));
  });
  const links = new Map<string, string>();
  for (const entry of relativeEntries) if (entry.kind === 'symlink') links.set(entry.path, entry.linkTarget);
  const resolver = new LinkResolver(links);
  return relativeEntries.filter((entry) => {
    if (entry.kind !== 'symlink') return true;
    const problem = linkTargetProblem(entry.linkTarget) ?? resolver.problemOf(entry.path);
    if (problem === undefined) return true;
    warn(`left out the link ${printable(entry.path)}: ${problem}`);
    return false;
  });
}
