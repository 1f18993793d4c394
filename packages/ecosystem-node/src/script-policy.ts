// `allowScripts`: which packages may run install scripts. A package is recognised by where it was
// fetched from, never by what its own package.json claims: that would let it borrow a trusted name.
import semver from 'semver';
import { printable } from '@salver/core';
import type { TreeNode } from './dependency-tree.js';
import type { EdgeContext } from './edge-check.js';
import { isFromRegistry } from './package-source.js';
import { resolveInProject } from './lockfile-location.js';
import { effectiveSpec } from './overrides.js';

/** Decides for one installed package: allowed, denied, or nobody has said. */
export type ScriptPolicy = (node: TreeNode) => boolean | undefined;

export type ScriptRules = Readonly<Record<string, boolean>>;

export interface ScriptPolicyOptions {
  /** Most important first; the first source that decides about a package wins. */
  readonly sources: readonly { readonly label: string; readonly rules: ScriptRules }[];
  readonly ignoreScripts: boolean;
  readonly allowAllScripts: boolean;
  readonly context: EdgeContext;
  readonly warn: (text: string) => void;
}

/** One key of `allowScripts`. No versions means every version. */
type Rule =
  | { readonly kind: 'registry'; readonly name: string; readonly versions?: readonly string[] }
  | { readonly kind: 'place'; readonly spec: string };

/** Makes the policy. Keys that npm would ignore (ranges, tags) are ignored with a warning. */
export function createScriptPolicy(options: ScriptPolicyOptions): ScriptPolicy {
  if (options.ignoreScripts) return () => false;
  if (options.allowAllScripts) return () => true;
  const sources = options.sources
    .map(({ label, rules }) =>
      Object.entries(rules).flatMap(([key, allowed]) => {
        const rule = readRule(key, (why) => options.warn(`${label}: ignoring "${printable(key)}": ${why}`));
        return rule === undefined ? [] : [{ rule, allowed }];
      }),
    )
    .filter((rules) => rules.length > 0);
  if (sources.length === 0) return () => undefined;
  return (node) => {
    // A bundled package can claim any name; it is never allowed by one.
    if (node.entry.inBundle === true) return undefined;
    for (const rules of sources) {
      const matching = rules.filter(({ rule, allowed }) => matches(rule, allowed, node, options.context));
      if (matching.some(({ allowed }) => !allowed)) return false;
      if (matching.length > 0) return true;
    }
    return undefined;
  };
}

function readRule(key: string, ignore: (why: string) => void): Rule | undefined {
  const at = key.indexOf('@', 1);
  const name = at < 0 ? key : key.slice(0, at);
  const spec = at < 0 ? '' : key.slice(at + 1).trim();
  if (/^[a-z+]+:/i.test(key) || /^[.~/]/.test(key)) return { kind: 'place', spec: key };
  if (/[:/]/.test(spec) || (name.includes('/') && !name.startsWith('@'))) return { kind: 'place', spec: key };
  if (spec === '' || spec === '*') return { kind: 'registry', name };
  const versions = spec.split('||').map((part) => part.trim());
  if (versions.every((version) => semver.valid(version) !== null))
    return { kind: 'registry', name, versions };
  ignore('only exact versions joined by "||", or the bare name, are allowed');
  return undefined;
}

function matches(rule: Rule, allowed: boolean, node: TreeNode, context: EdgeContext): boolean {
  if (rule.kind === 'place') return matchesPlace(rule.spec, node, context);
  if (!isFromRegistry(node, context)) return false;
  const identity = registryIdentity(node, context);
  if (identity?.name !== rule.name) return false;
  if (rule.versions === undefined) return true;
  // A version that only the package itself states may be denied by, but not allowed by.
  const { version } = identity;
  if (version === undefined) return !allowed;
  return rule.versions.some((wanted) => semver.eq(wanted, version, true));
}

/** Name and version by the URL in the lock, or else the name it is asked for by. */
function registryIdentity(
  node: TreeNode,
  context: EdgeContext,
): { readonly name: string; readonly version?: string } | undefined {
  const byUrl = identityFromUrl(node.entry.resolved ?? '');
  if (byUrl !== undefined) return byUrl;
  for (const edge of node.edgesIn) {
    const spec = context.reader.read(edge.name, effectiveSpec(edge, context.root));
    if (spec.kind === 'alias') return { name: spec.name };
    if (spec.kind === 'range' || spec.kind === 'tag') return { name: edge.name };
  }
  return undefined;
}

/** `…/@scope/name/-/name-1.2.3.tgz` as registries lay out their tarballs. */
function identityFromUrl(url: string): { readonly name: string; readonly version: string } | undefined {
  const match = /^https?:\/\/[^/]+\/(.+)\/-\/([^/?#]+)\.tgz$/i.exec(url);
  const folders = match?.[1]?.replaceAll(/%2f/gi, '/').split('/');
  const base = folders?.at(-1);
  const file = match?.[2];
  if (folders === undefined || base === undefined || file?.startsWith(`${base}-`) !== true) return undefined;
  const scope = folders.at(-2) ?? '';
  const name = scope.startsWith('@') ? `${scope}/${base}` : base;
  const version = semver.valid(file.slice(base.length + 1));
  return version === null ? undefined : { name, version };
}

function matchesPlace(spec: string, node: TreeNode, context: EdgeContext): boolean {
  const resolved = node.entry.resolved ?? '';
  const bare = /^(?:@[^/]+\/)?[^@/:]+@(.+)$/.exec(spec)?.[1] ?? spec;
  if (resolved === bare) return true;
  if (/^(?:file:|[./])/.test(bare)) {
    const path = resolveInProject('', bare.replace(/^file:/, ''));
    const own = resolved.startsWith('file:') ? resolveInProject('', resolved.slice(5)) : undefined;
    return (
      path !== undefined && path !== '' && (path === own || (node.isLink && path === node.target.location))
    );
  }
  if (!resolved.startsWith('git')) return false;
  const wanted = context.reader.readGit(bare);
  const locked = context.reader.readGit(resolved);
  if (wanted.kind !== 'git' || locked.kind !== 'git' || wanted.repository !== locked.repository) return false;
  // The key may shorten the commit; it may not be longer than what the lock has.
  return wanted.committish === undefined || (locked.committish ?? '').startsWith(wanted.committish);
}
