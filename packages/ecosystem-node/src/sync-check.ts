// Does the lock still say how to install what the project asks for? npm answers by building the tree
// anew and comparing; here every edge that can be reached is compared with the lock, without network.
import { SalverError, printable } from '@salver/core';
import type { DependencyEdge, DependencyTree, TreeNode } from './dependency-tree.js';
import { checkEdge, describeNode, satisfiesAsWritten } from './edge-check.js';
import type { EdgeContext } from './edge-check.js';
import { effectiveSpec } from './overrides.js';

const PROBLEMS_SHOWN_MAX = 20;

export interface SyncOptions {
  readonly lockfile: string;
  /** npm's `force`: peer conflicts of direct dependencies are only warned about. */
  readonly force: boolean;
}

/**
 * Checks every reachable edge; gives back warnings about peer conflicts that npm tolerates.
 * Throws E_LOCK_OUT_OF_SYNC with npm's lines, all of them, in `facts.problems`.
 */
export function checkInSync(tree: DependencyTree, context: EdgeContext, options: SyncOptions): string[] {
  const problems = new Set<string>();
  const warnings: string[] = [];
  const checkedByNpm = nodesCheckedByNpm(tree);
  for (const node of reachableNodes(tree)) {
    for (const edge of edgesToCheck(node, tree)) {
      const state = checkEdge(edge, context);
      if (state === 'ok' || edge.type === 'peerOptional') continue;
      const isTolerated = checkedByNpm.has(node)
        ? edge.type === 'peer' && state !== 'missing' && (options.force || !isOwnDependency(node, tree))
        : edge.type === 'peer' || satisfiesAsWritten(edge, context);
      if (isTolerated) warnings.push(describeConflict(edge, context));
      else problems.add(describeProblem(edge, context));
    }
  }
  if (problems.size > 0) throw outOfSync([...problems], options.lockfile);
  return warnings;
}

/**
 * What npm looks at: all that the root leads to without going through a link, and the linked
 * directories themselves. Deeper below workspaces it takes the lock as it is. There we still refuse
 * what cannot work (a dependency that is absent or of a wrong version), but not peers and overrides,
 * which may be as npm itself left them.
 */
function nodesCheckedByNpm({ root }: DependencyTree): ReadonlySet<TreeNode> {
  const checked = new Set<TreeNode>([root]);
  const targets = new Set<TreeNode>();
  for (const node of checked) {
    for (const { to } of node.edgesOut) {
      if (to?.isLink === true) targets.add(to.target);
      else if (to !== undefined) checked.add(to);
    }
  }
  for (const target of targets) {
    for (const { to } of target.edgesOut) if (to?.isLink === true) targets.add(to.target);
  }
  return new Set([...checked, ...targets]);
}

/** Every node that the root leads to, in breadth-first order; links lead to their targets. */
export function reachableNodes({ root }: DependencyTree): ReadonlySet<TreeNode> {
  const seen = new Set<TreeNode>([root]);
  for (const node of seen) {
    if (node.isLink) seen.add(node.target);
    for (const edge of node.edgesOut) if (edge.to !== undefined) seen.add(edge.to);
  }
  return seen;
}

/** What a package has bundled is taken as it is, and a package with a shrinkwrap answers for itself. */
function edgesToCheck(node: TreeNode, tree: DependencyTree): Iterable<DependencyEdge> {
  if (node.entry.hasShrinkwrap === true) return [];
  const bundled = node.fields.bundleDependencies;
  const isOwn = node === tree.root || tree.workspaces.has(node);
  if (isOwn || bundled === undefined || bundled === false) return node.edgesOut;
  if (bundled === true) return [];
  const names = new Set(bundled);
  return node.edgesOut.filter((edge) => !names.has(edge.name));
}

/**
 * npm lets transitive packages disagree about peers, but not the project with itself: the root,
 * workspaces and their direct (non-peer) dependencies.
 */
function isOwnDependency(node: TreeNode, tree: DependencyTree): boolean {
  const isOwn = (candidate: TreeNode): boolean => candidate === tree.root || tree.workspaces.has(candidate);
  if (isOwn(node)) return true;
  const seen = new Set<TreeNode>([node]);
  for (const dependent of seen) {
    for (const edge of dependent.edgesIn) {
      if (edge.type !== 'peer' && edge.type !== 'peerOptional') {
        if (isOwn(edge.from)) return true;
      } else {
        seen.add(edge.from);
      }
    }
  }
  return false;
}

function describeProblem(edge: DependencyEdge, context: EdgeContext): string {
  const wanted = `${edge.name}@${effectiveSpec(edge, context.root) || '*'}`;
  if (edge.to === undefined) return printable(`Missing: ${wanted} from lock file`);
  const locked = `${edge.to.name}@${edge.to.version}`;
  return printable(`Invalid: lock file's ${locked} does not satisfy ${wanted}`);
}

function describeConflict(edge: DependencyEdge, context: EdgeContext): string {
  const found = edge.to === undefined ? 'nothing' : describeNode(edge.to);
  const wanted = `${edge.name}@${effectiveSpec(edge, context.root)}`;
  const kind = edge.type === 'peer' ? 'peer ' : '';
  return printable(
    `${kind}conflict tolerated: ${describeNode(edge.from)} wants ${wanted}, the lock has ${found}`,
  );
}

function outOfSync(problems: readonly string[], lockfile: string): SalverError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX);
  if (problems.length > shown.length) shown.push(`… and ${problems.length - shown.length} more`);
  return new SalverError(
    'E_LOCK_OUT_OF_SYNC',
    `package.json and ${lockfile} are not in sync\n${shown.join('\n')}`,
    {
      hint: 'run `npm install` and commit the lock',
      facts: { problems },
    },
  );
}
