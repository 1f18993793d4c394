// When an optional package cannot be had, everything goes that was only there for its sake: npm calls
// it the optional set.
import type { DependencyEdge, TreeNode } from './dependency-tree.js';

/**
 * The nodes to leave out together with `node`, itself included. `isLeftOut` names nodes that are
 * gone already.
 */
export function optionalSet(
  node: TreeNode,
  isLeftOut: (node: TreeNode) => boolean = () => false,
): ReadonlySet<TreeNode> {
  // Up through the dependents that cannot do without it, as far as an optional edge.
  const needy = new Set([node]);
  for (const member of needy) {
    for (const edge of member.edgesIn) {
      if (edge.type !== 'optional' && edge.type !== 'peerOptional') needy.add(edge.from);
    }
  }
  const counts = (edge: DependencyEdge): boolean =>
    edge.to !== undefined && !needy.has(edge.to) && !isLeftOut(edge.from);
  const set = new Set(needy);
  for (const member of set) {
    for (const edge of member.edgesOut) {
      if (edge.to !== undefined && counts(edge)) set.add(edge.to);
    }
  }
  // Down again: what somebody outside the set needs as well stays.
  for (let changed = true; changed;) {
    changed = false;
    for (const member of set) {
      for (const edge of member.edgesIn) {
        if (set.has(edge.from) || !counts(edge)) continue;
        set.delete(member);
        changed = true;
        break;
      }
    }
  }
  return set;
}
