// Which entries of the lock are development-only, optional, peer-only or left over. npm does not
// trust the flags in the lock when it installs: it works them out anew from the tree, and so do we.
import type { DependencyEdge, DependencyTree, TreeNode } from './dependency-tree.js';

/** All start as true and are cleared by the edges that lead to the node. */
export interface DependencyFlags {
  dev: boolean;
  optional: boolean;
  /** Needed by development and by optional packages, but by nothing else. */
  devOptional: boolean;
  peer: boolean;
  extraneous: boolean;
}

export type FlagsByNode = ReadonlyMap<TreeNode, DependencyFlags>;

/** Computes the flags of every node of the tree. */
export function computeFlags(tree: DependencyTree): FlagsByNode {
  const flags = new Map<TreeNode, DependencyFlags>();
  for (const node of tree.nodes.values()) flags.set(node, allFlags(node !== tree.root));
  const seen = new Set<TreeNode>();
  const queue: TreeNode[] = [tree.root];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    seen.add(node);
    const own = flags.get(node);
    if (own === undefined) continue;
    if (!own.extraneous) keepAround(node, flags);
    if (node.isLink) {
      const changed = clearTarget(own, flags.get(node.target));
      if (changed || !seen.has(node.target)) queue.push(node.target);
    } else {
      for (const edge of node.edgesOut) {
        if (edge.to !== undefined && clearByEdge(own, edge, flags.get(edge.to))) queue.push(edge.to);
      }
    }
  }
  for (const node of seen) {
    const own = flags.get(node);
    if (own !== undefined && (own.dev || own.optional)) own.devOptional = false;
  }
  return flags;
}

/**
 * Part of `npm ci --omit=dev`. What lies in a linked directory that is no workspace is never omitted:
 * npm only omits below the root and workspaces.
 */
export function isProduction(node: TreeNode, own: DependencyFlags, tree: DependencyTree): boolean {
  const { top } = node;
  return (top !== tree.root && !tree.workspaces.has(top)) || !own.dev;
}

function allFlags(value: boolean): DependencyFlags {
  return { dev: value, optional: value, devOptional: value, peer: value, extraneous: value };
}

/** A package that is needed keeps the packages it lies in, or it would have no place. */
function keepAround(node: TreeNode, flags: FlagsByNode): void {
  for (let around = node.resolveParent; around !== undefined; around = around.resolveParent) {
    const own = flags.get(around);
    if (own?.extraneous !== true) return;
    own.extraneous = false;
  }
}

function clearTarget(link: DependencyFlags, target: DependencyFlags | undefined): boolean {
  if (target === undefined) return false;
  let changed = false;
  for (const flag of ['dev', 'optional', 'devOptional', 'peer', 'extraneous'] as const) {
    if (!target[flag] || link[flag]) continue;
    target[flag] = false;
    changed = true;
  }
  return changed;
}

function clearByEdge(from: DependencyFlags, edge: DependencyEdge, to: DependencyFlags | undefined): boolean {
  if (to === undefined) return false;
  const isDev = edge.type === 'dev';
  const isOptional = edge.type === 'optional' || edge.type === 'peerOptional';
  const isPeer = edge.type === 'peer' || edge.type === 'peerOptional';
  let changed = false;
  // Nothing is kept only because somebody would like it as an optional peer.
  if (to.extraneous && !from.extraneous && edge.type !== 'peerOptional') {
    to.extraneous = false;
    changed = true;
  }
  if (to.dev && !from.dev && !isDev) {
    to.dev = false;
    changed = true;
  }
  if (to.optional && !from.optional && !isOptional) {
    to.optional = false;
    changed = true;
  }
  if (to.devOptional && !from.devOptional && !from.dev && !from.optional && !isDev && !isOptional) {
    to.devOptional = false;
    changed = true;
  }
  if (to.peer && !from.peer && !isPeer) {
    to.peer = false;
    changed = true;
  }
  return changed;
}
