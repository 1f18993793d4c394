// A root as somebody sees it who does not know Salver's code: names, links, bytes. Reading it changes nothing.
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { listTree } from '../list-tree.js';
import type { Tree } from '../list-tree.js';
import { HOOK_NOTES } from './fault-releases.js';

export interface RootView {
  /** Where the link leads, as it is written; null when there is none. */
  readonly current: string | null;
  readonly previous: string | null;
  /** What lies below releases/, by name. */
  readonly releases: ReadonlyMap<string, Tree>;
  /** Inode and time of every file below releases/, by path: a file written in place keeps its bytes but not these. */
  readonly identities: ReadonlyMap<string, string>;
  /** Names in the root, and everything below .salver/ except the lock, whose note is for people. */
  readonly topNames: readonly string[];
  readonly state: Tree;
  /** Static files that are kept, by their path in the release they are from. */
  readonly assets: Tree;
  readonly history: readonly string[];
  /** `TXID HOOK RELEASE`, as the hooks themselves wrote it. */
  readonly hookNotes: readonly string[];
}

export function viewRoot(root: string): RootView {
  const releases = new Map(namesIn(join(root, 'releases')).map((name) => [name, treeOf(root, name)]));
  return {
    current: linkTarget(join(root, 'current')),
    previous: linkTarget(join(root, 'previous')),
    releases,
    identities: identitiesOf(root, releases),
    topNames: namesIn(root),
    state: existsSync(join(root, '.salver'))
      ? listTree(join(root, '.salver'), (path) => path !== 'lock')
      : new Map(),
    assets: existsSync(join(root, 'shared/static')) ? listTree(join(root, 'shared/static')) : new Map(),
    history: linesOf(join(root, '.salver/history.jsonl')),
    hookNotes: linesOf(join(root, HOOK_NOTES)),
  };
}

function treeOf(root: string, name: string): Tree {
  return listTree(join(root, 'releases', name));
}

function identitiesOf(root: string, releases: RootView['releases']): ReadonlyMap<string, string> {
  const identities = new Map<string, string>();
  for (const [name, tree] of releases) {
    for (const [path, { kind }] of tree) {
      if (kind !== 'file') continue;
      const { ino, mtimeMs } = lstatSync(join(root, 'releases', name, path));
      identities.set(`${name}/${path}`, `${ino} ${mtimeMs}`);
    }
  }
  return identities;
}

function namesIn(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

function linkTarget(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  return stat.isSymbolicLink() ? readlinkSync(path) : 'not a link';
}

function linesOf(path: string): readonly string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}
