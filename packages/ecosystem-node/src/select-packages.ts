// Which entries are installed: without what is left over, without optional packages that do not fit
// this platform or Node; and what must be said or refused about the others.
import { SalverError, formatTarget, printable } from '@salver/core';
import type { Target } from '@salver/core';
import { computeFlags, isProduction } from './dependency-flags.js';
import type { DependencyFlags } from './dependency-flags.js';
import type { DependencyTree, TreeNode } from './dependency-tree.js';
import { describeNode } from './edge-check.js';
import { optionalSet } from './optional-set.js';
import { createEngineCheck, isPlatformSupported, nodeRangeOf } from './platform-check.js';
import type { EngineCheck } from './platform-check.js';
import type { RangeTester } from './version-range.js';

/** One entry that is installed. */
export interface SelectedNode {
  readonly node: TreeNode;
  readonly production: boolean;
  readonly optional: boolean;
}

export interface Selection {
  /** By location; targets of links outside node_modules are not in it. */
  readonly selected: ReadonlyMap<string, SelectedNode>;
  readonly warnings: readonly string[];
}

export interface SelectOptions {
  readonly target: Target;
  readonly nodeVersion: string;
  readonly engineStrict: boolean;
  readonly ranges: RangeTester;
}

/**
 * Selects what is installed on the target.
 * Throws E_PLATFORM_UNSUPPORTED, and under engine-strict E_ENGINE_UNSUPPORTED.
 */
export function selectPackages(tree: DependencyTree, options: SelectOptions): Selection {
  const flags = computeFlags(tree);
  const warnings: string[] = [];
  const leftOut = new Set<TreeNode>();
  const isEngineSupported = createEngineCheck(options.nodeVersion, options.ranges);
  for (const [node, own] of flags) {
    if (own.extraneous) continue;
    if (own.optional) {
      if (!leftOut.has(node) && !fits(node.target, options, isEngineSupported)) leaveOut(node, leftOut);
    } else if (!node.isLink) {
      const production = isProduction(node, own, tree);
      warnings.push(...checkPlatform(node, production, options));
      // A root that states devEngines has said more exactly what it wants; npm then asks nothing here.
      const skipsEngines = node === tree.root && node.fields.devEngines !== undefined;
      if (!skipsEngines && !isEngineSupported(node.fields)) {
        warnings.push(engineProblem(node, production, options));
      }
    }
  }
  return { selected: collect(tree, flags, leftOut), warnings };
}

function fits(node: TreeNode, options: SelectOptions, isEngineSupported: EngineCheck): boolean {
  return isPlatformSupported(node.fields, options.target) && isEngineSupported(node.fields);
}

function leaveOut(node: TreeNode, leftOut: Set<TreeNode>): void {
  for (const member of optionalSet(node, (other) => leftOut.has(other))) leftOut.add(member);
}

/**
 * A required package that does not fit stops the build when it would be shipped. Development packages
 * stay on this machine, so there it is a warning.
 */
function checkPlatform(node: TreeNode, production: boolean, { target }: SelectOptions): readonly string[] {
  if (isPlatformSupported(node.fields, target)) return [];
  const message = `${printable(describeNode(node))} does not support ${formatTarget(target)}`;
  if (production) throw unsupportedPlatform(message, node);
  return [message];
}

/** The warning about a Node version that does not fit; an error under engine-strict. */
function engineProblem(node: TreeNode, production: boolean, options: SelectOptions): string {
  const range = printable(nodeRangeOf(node.fields) ?? '');
  const message = `${printable(describeNode(node))} wants node ${range}; this is ${options.nodeVersion}`;
  if (!options.engineStrict || !production) return message;
  throw new SalverError('E_ENGINE_UNSUPPORTED', message, {
    hint: 'use a matching Node version, or set engine-strict=false in .npmrc',
    facts: { location: node.location, required: range, actual: options.nodeVersion },
  });
}

function unsupportedPlatform(message: string, node: TreeNode): SalverError {
  const { os, cpu, libc } = node.fields;
  return new SalverError('E_PLATFORM_UNSUPPORTED', message, {
    hint: 'build for a platform it supports, or make it an optional dependency',
    facts: {
      location: node.location,
      ...(os === undefined ? {} : { os: [os].flat() }),
      ...(cpu === undefined ? {} : { cpu: [cpu].flat() }),
      ...(libc === undefined ? {} : { libc: [libc].flat() }),
    },
  });
}

/** Everything in a node_modules that is kept, unless something it lies in is not. */
function collect(
  tree: DependencyTree,
  flags: ReadonlyMap<TreeNode, DependencyFlags>,
  leftOut: ReadonlySet<TreeNode>,
): ReadonlyMap<string, SelectedNode> {
  const selected = new Map<string, SelectedNode>();
  const decide = (node: TreeNode): SelectedNode | undefined => {
    const known = selected.get(node.location);
    const own = flags.get(node);
    if (known !== undefined || own === undefined || node.parent === undefined) return known;
    if (own.extraneous || leftOut.has(node)) return undefined;
    const { parent } = node;
    const around = parent.parent === undefined ? undefined : decide(parent);
    if (parent.parent !== undefined && around === undefined) return undefined;
    const production = isProduction(node, own, tree) && around?.production !== false;
    const made = { node, production, optional: own.optional };
    selected.set(node.location, made);
    return made;
  };
  for (const node of tree.nodes.values()) decide(node);
  return selected;
}
