// Where the bytes of an installed package come from, by the lock's `resolved` and by how it is asked for.
import { SalverError, printable } from '@salver/core';
import type { TreeNode } from './dependency-tree.js';
import type { EdgeContext } from './edge-check.js';
import { describeNode } from './edge-check.js';
import type { PackageSource } from './install-plan.js';
import { resolveInProject } from './lockfile-location.js';
import { effectiveSpec } from './overrides.js';

const COMMIT = /^[a-f0-9]{40}(?:[a-f0-9]{24})?$/i;
const TARBALL = /\.(?:tgz|tar\.gz|tar)$/i;

/**
 * The source of an installed package that is not a link.
 * Throws E_LOCK_INVALID for a git dependency without a full commit, a file outside the project or an
 * unknown protocol, and E_LOCK_UNSUPPORTED for copied directories (`install-links`) and packages
 * that bring a shrinkwrap of their own.
 */
export function sourceOf(node: TreeNode, context: EdgeContext): PackageSource {
  const { entry } = node;
  const owner = bundleOwner(node);
  if (owner !== undefined) return { kind: 'bundled', owner };
  if (entry.hasShrinkwrap === true) {
    throw refuse('E_LOCK_UNSUPPORTED', node, 'brings an npm-shrinkwrap.json of its own', {
      hint: 'depend on a version without one; such packages are not supported yet',
    });
  }
  const { resolved } = entry;
  if (resolved === undefined || resolved === '') {
    if (node.version !== '') return { kind: 'registry' };
    throw refuse('E_LOCK_INVALID', node, 'has neither "resolved" nor "version"', {
      hint: 'delete its entry from the lock and run `npm install`',
    });
  }
  if (resolved.startsWith('file:')) return fileSource(node, resolved);
  if (/^git(?:\+[a-z]+)?:/i.test(resolved)) return gitSource(node, resolved);
  if (/^https?:\/\//i.test(resolved)) {
    return { kind: isFromRegistry(node, context) ? 'registry' : 'remote', url: resolved };
  }
  throw refuse('E_LOCK_INVALID', node, `is resolved to "${printable(resolved)}", which npm does not know`, {
    hint: 'delete its entry from the lock and run `npm install`',
  });
}

/** True when everything that asks for it names a version, range or tag, never a place. */
export function isFromRegistry(node: TreeNode, context: EdgeContext): boolean {
  for (const edge of node.edgesIn) {
    let spec = context.reader.read(edge.name, effectiveSpec(edge, context.root));
    if (spec.kind === 'alias') spec = spec.target;
    if (spec.kind !== 'range' && spec.kind !== 'tag') return false;
  }
  return node.edgesIn.length > 0;
}

/** The package in whose tarball this one lies. What the project itself bundles is fetched like any other. */
function bundleOwner(node: TreeNode): string | undefined {
  if (node.entry.inBundle !== true) return undefined;
  let owner = node.parent;
  while (owner?.entry.inBundle === true) owner = owner.parent;
  return owner?.parent === undefined ? undefined : owner.location;
}

function fileSource(node: TreeNode, resolved: string): PackageSource {
  const path = resolveInProject('', resolved.slice('file:'.length));
  if (path === undefined || path === '') {
    throw refuse('E_LOCK_INVALID', node, `comes from "${printable(resolved)}", outside the project`, {
      hint: 'copy the file into the project and depend on it there',
    });
  }
  if (TARBALL.test(path)) return { kind: 'file', path };
  throw refuse('E_LOCK_UNSUPPORTED', node, 'is a copied directory (install-links)', {
    hint: 'set install-links=false in .npmrc and run `npm install`',
  });
}

function gitSource(node: TreeNode, resolved: string): PackageSource {
  const hash = resolved.lastIndexOf('#');
  const commit = hash < 0 ? '' : resolved.slice(hash + 1);
  if (!COMMIT.test(commit)) {
    throw refuse('E_LOCK_INVALID', node, 'is a git dependency without a full commit in the lock', {
      hint: 'delete its entry from the lock and run `npm install`, which pins the commit',
    });
  }
  return { kind: 'git', url: resolved, commit: commit.toLowerCase() };
}

function refuse(
  code: 'E_LOCK_INVALID' | 'E_LOCK_UNSUPPORTED',
  node: TreeNode,
  problem: string,
  details: { readonly hint: string },
): SalverError {
  return new SalverError(code, `${printable(describeNode(node))} ${problem}`, {
    hint: details.hint,
    facts: { location: node.location },
  });
}
