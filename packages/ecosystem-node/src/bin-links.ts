// The `.bin` directories: names and targets as npm makes them, and who wins when two packages bring
// the same command.
import { posix } from 'node:path';
import type { TreeNode } from './dependency-tree.js';
import { isObject } from './lockfile-shape.js';
import type { PlannedBin } from './install-plan.js';

const NO_BINS: Readonly<Record<string, string>> = {};

/** The commands of a package: name -> path inside it, cleaned so that neither can leave its place. */
export function normalizeBin(bin: unknown, packageName: string): Readonly<Record<string, string>> {
  if (bin === undefined) return NO_BINS;
  const clean: Record<string, string> = {};
  for (const [name, path] of binPairs(bin, packageName)) {
    const command = posix.basename(posix.join('/', posix.basename(name.replace(/[\\:]/g, '/'))));
    if (command === '' || command === '__proto__' || typeof path !== 'string') continue;
    const target = posix.join('/', path.replaceAll('\\', '/')).slice(1);
    if (target !== '') clean[command] = target;
  }
  return clean;
}

/** Bins of one node, by its own or its link target's fields. */
export function binOf(node: TreeNode): Readonly<Record<string, string>> {
  const { fields } = node.target;
  return normalizeBin(fields.bin, fields.name ?? node.name);
}

/**
 * Links for these installed nodes, collisions decided: packages before links (workspaces, `file:`),
 * shallower before deeper, then by path; the first to claim a name has it. Sorted by location.
 *
 * Whether the file behind the winner exists is only known once the package is read. npm then makes
 * no link, and the loser does not get the name either.
 */
export function planBins(nodes: Iterable<TreeNode>): readonly PlannedBin[] {
  const winners = new Map<string, { readonly node: TreeNode; readonly path: string }>();
  for (const node of nodes) {
    if (node.parent === undefined || node.target.fields.bin === undefined) continue;
    const directory = binDirectory(node);
    for (const [command, path] of Object.entries(binOf(node))) {
      const location = `${directory}/${command}`;
      const winner = winners.get(location);
      if (winner === undefined || compareClaims(node, winner.node) < 0) winners.set(location, { node, path });
    }
  }
  const bins = [...winners].map(([location, { node, path }]) => ({
    location,
    linkTarget: posix.relative(binDirectory(node), `${node.location}/${path}`),
    owner: node.location,
  }));
  return bins.sort((a, b) => compareBytes(a.location, b.location));
}

function binDirectory(node: TreeNode): string {
  return `${node.location.slice(0, node.location.length - node.name.length)}.bin`;
}

/** Order of strings by code unit, the same on every machine. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Made on the first collision: it costs 5 ms. */
let collator: Intl.Collator | undefined;

/** npm sorts paths with the English collation, not bytewise; the winner depends on it. */
function compareClaims(a: TreeNode, b: TreeNode): number {
  collator ??= new Intl.Collator('en');
  return (
    Number(a.isLink) - Number(b.isLink) ||
    a.depth - b.depth ||
    collator.compare(a.location, b.location) ||
    compareBytes(a.location, b.location)
  );
}

function binPairs(bin: unknown, packageName: string): Iterable<readonly [string, unknown]> {
  if (typeof bin === 'string') return [[packageName, bin]];
  if (Array.isArray(bin)) return bin.map((path) => [posix.basename(String(path)), path] as const);
  return isObject(bin) ? Object.entries(bin) : [];
}
