// One workspace of an npm project as the app: only what it needs ships, everything else is there for the build.
import type { DependencyTree, TreeNode } from './dependency-tree.js';
import type { SelectedNode } from './select-packages.js';

/** The selection with `production` only for what is reached from the workspace without development dependencies. */
export function restrictToWorkspace(
  selected: ReadonlyMap<string, SelectedNode>,
  tree: DependencyTree,
  directory: string,
): ReadonlyMap<string, SelectedNode> {
  const reached = reachedFrom(tree, directory);
  return new Map(
    [...selected].map(([location, item]) => [
      location,
      { ...item, production: item.production && reached.has(item.node) },
    ]),
  );
}

function reachedFrom(tree: DependencyTree, directory: string): ReadonlySet<TreeNode> {
  const reached = new Set<TreeNode>();
  const queue: TreeNode[] = [];
  const reach = (node: TreeNode | undefined): void => {
    if (node === undefined || node === tree.root || reached.has(node)) return;
    reached.add(node);
    queue.push(node);
  };
  // The app finds itself by its name, as everywhere in the repository.
  for (const node of tree.nodes.values()) if (node.target.location === directory) reach(node);
  for (const node of queue) {
    reach(node.target);
    // A package lies in another only for that one's sake; without it there would be no place.
    reach(node.parent);
    for (const edge of node.edgesOut) if (edge.type !== 'dev') reach(edge.to);
  }
  return reached;
}
