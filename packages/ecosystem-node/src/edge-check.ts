// Whether the package that a dependency resolves to in the lock is one that the dependency accepts.
import type { DependencyEdge, TreeNode } from './dependency-tree.js';
import type { DependencySpec, SpecReader } from './dependency-spec.js';
import { nameOfLocation, resolveInProject } from './lockfile-location.js';
import { effectiveSpec } from './overrides.js';
import type { RangeTester } from './version-range.js';

/** `ok` covers optional peers that are absent; `misplaced` is a peer inside its own dependent. */
export type EdgeState = 'ok' | 'missing' | 'invalid' | 'misplaced';

export interface EdgeContext {
  readonly root: TreeNode;
  readonly reader: SpecReader;
  readonly ranges: RangeTester;
}

/** True when what the lock has satisfies the spec as written, whatever the overrides say. */
export function satisfiesAsWritten(edge: DependencyEdge, context: EdgeContext): boolean {
  return edge.to !== undefined && accepts(edge.spec, edge, edge.to, context);
}

/** Compares one edge with what the lock has for it. */
export function checkEdge(edge: DependencyEdge, context: EdgeContext): EdgeState {
  const { to, from } = edge;
  if (to === undefined) return edge.type === 'peerOptional' ? 'ok' : 'missing';
  const isPeer = edge.type === 'peer' || edge.type === 'peerOptional';
  if (isPeer && to.parent === from && from.parent !== undefined) return 'misplaced';
  return isSatisfied(edge, to, context) ? 'ok' : 'invalid';
}

/**
 * npm's rule for overrides: the override satisfies; else the package must satisfy the spec as written
 * and must not be one of the versions that the override is meant to replace.
 */
function isSatisfied(edge: DependencyEdge, to: TreeNode, context: EdgeContext): boolean {
  const rule = edge.overrides;
  if (to.entry.inBundle === true || rule?.parent === undefined) {
    return accepts(edge.spec, edge, to, context);
  }
  if (accepts(effectiveSpec(edge, context.root), edge, to, context)) return true;
  return accepts(edge.spec, edge, to, context) && !accepts(rule.keySpec, edge, to, context);
}

function accepts(spec: string, edge: DependencyEdge, to: TreeNode, context: EdgeContext): boolean {
  if (acceptsSpec(context.reader.read(edge.name, spec), edge, to, context)) return true;
  if (edge.accept === undefined) return false;
  return acceptsSpec(context.reader.read(edge.name, edge.accept || '*'), edge, to, context);
}

function acceptsSpec(
  spec: DependencySpec,
  edge: DependencyEdge,
  to: TreeNode,
  context: EdgeContext,
): boolean {
  switch (spec.kind) {
    case 'range':
      return spec.range === '*' || context.ranges.test(to.version, spec.range);
    case 'alias':
      return acceptsSpec(spec.target, edge, to, context);
    case 'tag':
      return acceptsTag(edge, to);
    case 'path':
      return acceptsPath(spec, edge, to);
    case 'url':
      return to.entry.resolved === spec.url;
    case 'git':
      return acceptsGit(spec, edge, to, context);
    case 'invalid':
      return false;
  }
}

/**
 * Which version a tag meant is not recorded. npm is content when the package came from somewhere
 * remote; where the lock leaves `resolved` out it would ask the registry, and we compare with the
 * spec the lock was made for.
 */
function acceptsTag(edge: DependencyEdge, to: TreeNode): boolean {
  const { resolved } = to.entry;
  if (to.isLink) return false;
  return resolved === undefined ? lockedSpec(edge) === edge.spec : /^https?:/.test(resolved);
}

function acceptsPath(
  spec: DependencySpec & { readonly kind: 'path' },
  edge: DependencyEdge,
  to: TreeNode,
): boolean {
  const wanted = resolveInProject(baseOf(edge), spec.path);
  if (wanted === undefined) return false;
  if (!spec.isTarball) return to.isLink && to.target.location === wanted;
  const resolved = /^file:(.*)$/.exec(to.entry.resolved ?? '')?.[1];
  return !to.isLink && resolved !== undefined && resolveInProject('', resolved) === wanted;
}

/** A path is relative to the package that names it, except in overrides and in unpacked tarballs. */
function baseOf(edge: DependencyEdge): string {
  const { from, overrides } = edge;
  if (overrides !== undefined && overrides.parent !== undefined && overrides.name === edge.name) return '';
  const tarball = /^file:(.*)$/.exec(from.entry.resolved ?? '')?.[1];
  if (tarball === undefined || from.entry.link === true) return from.location;
  const path = resolveInProject('', tarball) ?? '';
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

const COMMIT = /^[a-f0-9]{40,64}$/i;

function acceptsGit(
  spec: DependencySpec & { readonly kind: 'git' },
  edge: DependencyEdge,
  to: TreeNode,
  context: EdgeContext,
): boolean {
  const locked = context.reader.readGit(to.entry.resolved ?? '');
  if (locked.kind !== 'git' || locked.repository !== spec.repository) return false;
  if (spec.range !== undefined) return context.ranges.test(to.version, spec.range);
  const committish = spec.committish ?? '';
  if (COMMIT.test(committish)) return locked.committish === committish;
  // A branch or tag cannot be checked offline; that it is the one the lock was made for can.
  const before = lockedSpec(edge);
  if (before === undefined) return true;
  const beforeSpec = context.reader.read(edge.name, before);
  return beforeSpec.kind !== 'git' || (beforeSpec.committish ?? '') === committish;
}

/** What the lock's own copy of the requiring package says for this name. */
function lockedSpec({ from, name }: DependencyEdge): string | undefined {
  const { dependencies, optionalDependencies, devDependencies, peerDependencies } = from.entry;
  for (const map of [dependencies, optionalDependencies, devDependencies, peerDependencies]) {
    if (map !== undefined && Object.hasOwn(map, name)) return map[name];
  }
  return undefined;
}

/** `name@version` of a node for messages; the real name for aliases. */
export function describeNode(node: TreeNode): string {
  const { fields, location } = node.target;
  return `${fields.name ?? nameOfLocation(node.isLink ? node.location : location)}@${node.version}`;
}
