// The lock's `packages` as a tree: what lies in whose node_modules, and which entry each dependency
// name resolves to from where it is required. Nothing is decided here; later steps read and mark it.
import { SalverError, printable } from '@salver/core';
import { nameOfLocation, ownerOfLocation, resolveInProject } from './lockfile-location.js';
import type { DependencyMap, LockEntry, PackageFields } from './lockfile-shape.js';
import { readPackageFields } from './package-fields.js';
import type { OverrideRule } from './overrides.js';
import type { ReadLockfile } from './read-lockfile.js';

export type EdgeType = 'prod' | 'dev' | 'optional' | 'peer' | 'peerOptional' | 'workspace';

/** One dependency of one package. */
export interface DependencyEdge {
  readonly from: TreeNode;
  readonly name: string;
  /** As written, before overrides. */
  readonly spec: string;
  /** `acceptDependencies`: also fine. */
  readonly accept: string | undefined;
  readonly type: EdgeType;
  to: TreeNode | undefined;
  overrides: OverrideRule | undefined;
}

/** One entry of the lock in its place. */
export class TreeNode {
  readonly location: string;
  /** Last name of the location; differs from the package's own name for aliases. */
  readonly name: string;
  readonly entry: LockEntry;
  /** What its dependencies are read from: the lock, or package.json for the root and link targets. */
  fields: PackageFields;
  /** For a link the node it points to, otherwise the node itself. */
  target: TreeNode = this;
  /** The package in whose node_modules it lies. */
  parent: TreeNode | undefined;
  /** Where looking up a name goes on: the parent, or the nearest package around it. */
  resolveParent: TreeNode | undefined;
  /** Made when the first one comes: most packages have none. */
  children: Map<string, TreeNode> | undefined;
  edgesOut: readonly DependencyEdge[] = [];
  readonly edgesIn: DependencyEdge[] = [];
  overrides: OverrideRule | undefined;

  constructor(location: string, entry: LockEntry, fields: PackageFields) {
    this.location = location;
    this.name = nameOfLocation(location);
    this.entry = entry;
    this.fields = fields;
  }

  get isLink(): boolean {
    return this.target !== this;
  }

  get version(): string {
    return this.target.fields.version ?? '';
  }

  /** How many packages it lies inside of. */
  get depth(): number {
    let depth = 0;
    for (let node = this.parent; node !== undefined; node = node.parent) depth++;
    return depth;
  }

  /** The root, workspace or linked directory it lies below. */
  get top(): TreeNode {
    return this.parent === undefined ? this : this.parent.top;
  }

  /** The node that `require(name)` from here would find. */
  resolve(name: string): TreeNode | undefined {
    return this.children?.get(name) ?? this.resolveParent?.resolve(name);
  }
}

export interface DependencyTree {
  readonly root: TreeNode;
  /** By location, the root included. */
  readonly nodes: ReadonlyMap<string, TreeNode>;
  /** Targets of the root's workspaces. */
  readonly workspaces: ReadonlySet<TreeNode>;
}

export interface TreeOptions {
  readonly projectDir: string;
  readonly workspaces: ReadonlyMap<string, string>;
  /** Peer dependencies make no edges. */
  readonly legacyPeerDeps: boolean;
}

/** Builds the tree and its edges. Throws E_LOCK_INVALID for a link whose target is not in the lock. */
export async function buildDependencyTree(read: ReadLockfile, options: TreeOptions): Promise<DependencyTree> {
  const nodes = new Map<string, TreeNode>();
  const root = new TreeNode('', read.lock.packages.get('') ?? {}, read.rootManifest);
  nodes.set('', root);
  for (const [location, entry] of read.lock.packages) {
    if (location !== '') nodes.set(location, new TreeNode(location, entry, entry));
  }
  connectLinks(nodes);
  connectParents(nodes);
  await readLinkTargets(nodes, options.projectDir);
  for (const node of nodes.values()) {
    if (!node.isLink)
      addEdges(node, options.legacyPeerDeps, node === root ? options.workspaces : NO_WORKSPACES);
  }
  return { root, nodes, workspaces: findWorkspaceTargets(root) };
}

function connectLinks(nodes: ReadonlyMap<string, TreeNode>): void {
  for (const node of nodes.values()) {
    if (node.entry.link !== true) continue;
    const path = (node.entry.resolved ?? '').replace(/^file:/, '');
    const target = resolveInProject('', path);
    const found = target === undefined ? undefined : nodes.get(target);
    if (target === undefined || found === undefined || found.entry.link === true) {
      throw new SalverError(
        'E_LOCK_INVALID',
        `"${printable(node.location)}" links to "${printable(path)}", which ${target === undefined ? 'is outside the project' : 'is not in the lock'}`,
        {
          hint:
            target === undefined
              ? 'move the directory into the project, or depend on a published version'
              : 'delete the lock and run `npm install`',
          facts: { location: node.location },
        },
      );
    }
    node.target = found;
  }
}

function connectParents(nodes: ReadonlyMap<string, TreeNode>): void {
  for (const node of nodes.values()) {
    if (node.location === '') continue;
    const owner = ownerOfLocation(node.location);
    const parent = owner === undefined ? undefined : nodes.get(owner);
    if (parent !== undefined && !parent.isLink) {
      node.parent = parent;
      node.resolveParent = parent;
      parent.children ??= new Map();
      parent.children.set(node.name, node);
    } else {
      node.resolveParent = nearestAround(nodes, node.location);
    }
  }
}

function nearestAround(nodes: ReadonlyMap<string, TreeNode>, location: string): TreeNode | undefined {
  let path = location;
  while (path.includes('/')) {
    path = path.slice(0, path.lastIndexOf('/'));
    const node = nodes.get(path);
    if (node !== undefined && !node.isLink) return node;
  }
  return nodes.get('');
}

async function readLinkTargets(nodes: ReadonlyMap<string, TreeNode>, projectDir: string): Promise<void> {
  const targets = new Set<TreeNode>();
  for (const node of nodes.values()) if (node.isLink) targets.add(node.target);
  const reads = [...targets]
    .filter((target) => target.parent === undefined && target.location !== '')
    .map(async (target) => {
      target.fields = (await readPackageFields(projectDir, target.location)) ?? target.fields;
    });
  await Promise.all(reads);
}

const NO_WORKSPACES: ReadonlyMap<string, string> = new Map();

interface Wish {
  readonly type: EdgeType;
  readonly spec: string;
}

/** Later kinds win over earlier ones: a package in both `dependencies` and `devDependencies` is dev. */
function addEdges(node: TreeNode, legacyPeerDeps: boolean, workspaces: ReadonlyMap<string, string>): void {
  const { fields } = node;
  const wishes = new Map<string, Wish>();
  if (!legacyPeerDeps && fields.peerDependencies !== undefined) {
    const meta = fields.peerDependenciesMeta ?? {};
    for (const [name, spec] of Object.entries(fields.peerDependencies)) {
      const optional = Object.hasOwn(meta, name) && meta[name]?.optional === true;
      wishes.set(name, { type: optional ? 'peerOptional' : 'peer', spec });
    }
  }
  addWishes(wishes, 'prod', fields.dependencies);
  addWishes(wishes, 'optional', fields.optionalDependencies);
  // Development dependencies belong to the root, workspaces and linked directories only.
  if (node.parent === undefined) addWishes(wishes, 'dev', fields.devDependencies);
  for (const [name, directory] of workspaces)
    wishes.set(name, { type: 'workspace', spec: `file:${directory}` });
  node.edgesOut = Array.from(wishes, ([name, wish]) => makeEdge(node, name, wish));
}

function addWishes(wishes: Map<string, Wish>, type: EdgeType, dependencies: DependencyMap | undefined): void {
  for (const name in dependencies) wishes.set(name, { type, spec: dependencies[name] ?? '' });
}

function makeEdge(from: TreeNode, name: string, { type, spec }: Wish): DependencyEdge {
  const accepted = from.fields.acceptDependencies;
  const accept = accepted !== undefined && Object.hasOwn(accepted, name) ? accepted[name] : undefined;
  const to = from.resolve(name);
  const edge: DependencyEdge = { from, name, spec, accept, type, to, overrides: undefined };
  to?.edgesIn.push(edge);
  return edge;
}

function findWorkspaceTargets(root: TreeNode): ReadonlySet<TreeNode> {
  const targets = new Set<TreeNode>();
  for (const edge of root.edgesOut) {
    if (edge.type === 'workspace' && edge.to !== undefined) targets.add(edge.to.target);
  }
  return targets;
}
