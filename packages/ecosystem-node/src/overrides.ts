// `overrides` of the root's package.json: which rule applies to which edge. The rules form a tree
// (`{"a": {"b": "1"}}` holds for b below a), and every package carries the most specific set that
// the edges into it allow.
import semver from 'semver';
import { SalverError, printable } from '@salver/core';
import type { DependencyEdge, TreeNode } from './dependency-tree.js';
import type { SpecReader } from './dependency-spec.js';
import { isObject } from './lockfile-shape.js';
import type { PackageFields } from './lockfile-shape.js';

/** One rule with the rules below it; the root of the tree has no name. */
export class OverrideRule {
  readonly parent: OverrideRule | undefined;
  readonly key: string;
  readonly name: string;
  /** Which requested versions the rule is for; `*` is every one. */
  readonly keySpec: string;
  /** What is used instead. Equal to `keySpec` when the rule only holds rules for below. */
  readonly value: string;
  readonly children = new Map<string, OverrideRule>();
  #ruleset: readonly OverrideRule[] | undefined;

  constructor(parent: OverrideRule | undefined, key: string, value: unknown) {
    this.parent = parent;
    this.key = key;
    const at = key.indexOf('@', 1);
    this.name = at < 0 ? key : key.slice(0, at);
    this.keySpec = at < 0 ? '*' : key.slice(at + 1) || '*';
    const rules = typeof value === 'string' ? { '.': value } : value;
    if (!isObject(rules)) throw wrongOverride(key);
    const own = rules['.'] ?? this.keySpec;
    if (typeof own !== 'string') throw wrongOverride(key);
    this.value = own === '' ? '*' : own;
    for (const [childKey, child] of Object.entries(rules)) {
      if (childKey !== '.') this.children.set(childKey, new OverrideRule(this, childKey, child));
    }
  }

  /** The rules that hold here: own children, then this rule and its siblings, outwards. */
  get ruleset(): readonly OverrideRule[] {
    if (this.#ruleset !== undefined) return this.#ruleset;
    const rules = new Map<string, OverrideRule>(this.children);
    if (this.parent !== undefined) {
      if (!rules.has(this.key)) rules.set(this.key, this);
      for (const rule of this.parent.ruleset) if (!rules.has(rule.key)) rules.set(rule.key, rule);
    }
    this.#ruleset = [...rules.values()];
    return this.#ruleset;
  }

  isAncestorOf(other: OverrideRule): boolean {
    for (let rule: OverrideRule | undefined = other; rule !== undefined; rule = rule.parent) {
      if (rule === this) return true;
    }
    return false;
  }
}

/** A node's rules may become more specific this often; then they are left as they are. */
const RULE_CHANGES_MAX = 32;

/** Marks every edge and node that can be reached with the override rules that hold for it. */
export function applyOverrides(root: TreeNode, reader: SpecReader): void {
  const overrides = (root.fields as PackageFields & Record<string, unknown>)['overrides'];
  if (!isObject(overrides) || Object.keys(overrides).length === 0) return;
  root.overrides = new OverrideRule(undefined, '', overrides);
  const queue: TreeNode[] = [root];
  const changes = new Map<TreeNode, number>();
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const target of passOn(node, reader)) {
      const count = (changes.get(target) ?? 0) + 1;
      changes.set(target, count);
      if (count <= RULE_CHANGES_MAX) queue.push(target);
    }
  }
  refuseOverriddenRootEdges(root);
}

/** The spec that holds for an edge after overrides. Throws E_CONFIG_INVALID for an unknown `$name`. */
export function effectiveSpec(edge: DependencyEdge, root: TreeNode): string {
  const rule = edge.overrides;
  if (rule === undefined || rule.name !== edge.name || rule.parent === undefined || rule.value === '*') {
    return edge.spec;
  }
  if (!rule.value.startsWith('$')) return rule.value;
  const name = rule.value.slice(1);
  const spec = findReference(root.fields, name) ?? findReference(edge.from.fields, name);
  if (spec !== undefined) return spec;
  throw new SalverError('E_CONFIG_INVALID', `override ${printable(rule.value)} names no dependency`, {
    hint: 'a $name in overrides must be a direct dependency of the project',
    facts: { key: `overrides.${rule.key}` },
  });
}

/** Hands a node's rules to what its edges lead to; gives back the nodes whose rules changed. */
function passOn(node: TreeNode, reader: SpecReader): TreeNode[] {
  const changed: TreeNode[] = [];
  for (const edge of node.edgesOut) {
    edge.overrides = node.overrides === undefined ? undefined : ruleForEdge(node.overrides, edge, reader);
    const target = edge.to?.target;
    if (target === undefined || target === node) continue;
    const merged = mergeRules(target.overrides, edge.overrides);
    if (merged === target.overrides) continue;
    target.overrides = merged;
    changed.push(target);
  }
  return changed;
}

function ruleForEdge(rules: OverrideRule, edge: DependencyEdge, reader: SpecReader): OverrideRule {
  for (const rule of rules.ruleset) {
    if (rule.name === edge.name && (rule.keySpec === '*' || coversSpec(rule, edge, reader))) return rule;
  }
  return rules;
}

/** Whether a rule for some versions (`a@^1`) is meant for what this edge asks for. */
function coversSpec(rule: OverrideRule, edge: DependencyEdge, reader: SpecReader): boolean {
  let spec = reader.read(edge.name, edge.spec);
  if (spec.kind === 'alias') spec = spec.target;
  if (spec.kind === 'git') return spec.range !== undefined && rangesIntersect(spec.range, rule.keySpec);
  return spec.kind === 'range' ? rangesIntersect(spec.range, rule.keySpec) : true;
}

/** The more specific of two rules; for unrelated ones their common ancestor, unless they contradict. */
function mergeRules(
  current: OverrideRule | undefined,
  added: OverrideRule | undefined,
): OverrideRule | undefined {
  if (current === undefined || added === undefined) return current ?? added;
  if (current.isAncestorOf(added)) return added;
  if (added.isAncestorOf(current) || contradict(current, added)) return current;
  let ancestor: OverrideRule | undefined = current;
  while (ancestor !== undefined && !ancestor.isAncestorOf(added)) ancestor = ancestor.parent;
  return ancestor;
}

function contradict(first: OverrideRule, second: OverrideRule): boolean {
  const others = new Map(second.ruleset.map((rule) => [rule.key, rule]));
  return first.ruleset.some((rule) => {
    const other = others.get(rule.key);
    if (other === undefined || other === rule) return false;
    return semver.validRange(rule.value) !== null && semver.validRange(other.value) !== null
      ? !rangesIntersect(rule.value, other.value)
      : false;
  });
}

/** npm allows an override of a direct dependency only when both say the same. */
function refuseOverriddenRootEdges(root: TreeNode): void {
  for (const edge of root.edgesOut) {
    if (effectiveSpec(edge, root) === edge.spec) continue;
    throw new SalverError(
      'E_CONFIG_INVALID',
      `override for ${printable(edge.name)}@${printable(edge.spec)} conflicts with direct dependency`,
      {
        hint: `change the dependency itself, or write "overrides": {"${edge.name}": "$${edge.name}"}`,
        facts: { key: `overrides.${edge.name}` },
      },
    );
  }
}

function findReference(fields: PackageFields, name: string): string | undefined {
  const maps = [
    fields.devDependencies,
    fields.optionalDependencies,
    fields.dependencies,
    fields.peerDependencies,
  ];
  for (const map of maps) if (map !== undefined && Object.hasOwn(map, name)) return map[name];
  return undefined;
}

function rangesIntersect(first: string, second: string): boolean {
  if (semver.validRange(first, true) === null || semver.validRange(second, true) === null) return false;
  return semver.intersects(first, second, true);
}

function wrongOverride(key: string): SalverError {
  return new SalverError(
    'E_CONFIG_INVALID',
    `package.json: overrides "${printable(key)}" must be a version or an object`,
    {
      facts: { key: `overrides.${key}` },
    },
  );
}
