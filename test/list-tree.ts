// What a directory tree consists of, for comparing two trees: names, kinds, executable bits, bytes, links.
import { hash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export type TreeEntry =
  | { readonly kind: 'directory' }
  | { readonly kind: 'symlink'; readonly linkTarget: string }
  | {
      readonly kind: 'file';
      readonly executable: boolean;
      readonly sizeBytes: number;
      readonly sha256: string;
    }
  | { readonly kind: 'other' };

/** Entries by path relative to the top, sorted by path; the top itself is left out. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** Lists everything below `directory` for whose path `wanted` is true (default: everything). */
export function listTree(directory: string, wanted: (path: string) => boolean = () => true): Tree {
  const tree = new Map<string, TreeEntry>();
  listInto(tree, directory, '', wanted);
  return new Map([...tree].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function listInto(
  tree: Map<string, TreeEntry>,
  top: string,
  below: string,
  wanted: (path: string) => boolean,
): void {
  for (const name of readdirSync(join(top, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    const entry = describe(join(top, path));
    if (wanted(path)) tree.set(path, entry);
    if (entry.kind === 'directory') listInto(tree, top, path, wanted);
  }
}

function describe(path: string): TreeEntry {
  const stat = lstatSync(path);
  if (stat.isDirectory()) return { kind: 'directory' };
  if (stat.isSymbolicLink()) return { kind: 'symlink', linkTarget: readlinkSync(path) };
  if (!stat.isFile()) return { kind: 'other' };
  const sha256 = hash('sha256', readFileSync(path), 'hex');
  return { kind: 'file', executable: (stat.mode & 0o100) !== 0, sizeBytes: stat.size, sha256 };
}

/** One path where two trees differ; a side that lacks the path is undefined. */
export interface TreeDifference {
  readonly path: string;
  readonly left: TreeEntry | undefined;
  readonly right: TreeEntry | undefined;
}

/** Every path that is not the same on both sides. */
export function diffTrees(left: Tree, right: Tree): readonly TreeDifference[] {
  const differences: TreeDifference[] = [];
  for (const [path, entry] of left) {
    const other = right.get(path);
    if (other === undefined || !isSameEntry(entry, other))
      differences.push({ path, left: entry, right: other });
  }
  for (const [path, entry] of right) {
    if (!left.has(path)) differences.push({ path, left: undefined, right: entry });
  }
  return differences;
}

function isSameEntry(left: TreeEntry, right: TreeEntry): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
