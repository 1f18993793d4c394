// From lock to InstallPlan: every decision `npm ci` would make, made in memory and without network.
import { SalverError } from '@salver/core';
import type { DependencySettings, Target } from '@salver/core';
import { binOf, compareBytes, planBins } from './bin-links.js';
import { buildDependencyTree } from './dependency-tree.js';
import type { DependencyTree, TreeNode } from './dependency-tree.js';
import { createSpecReader } from './dependency-spec.js';
import type { EdgeContext } from './edge-check.js';
import { findWorkspaces } from './find-workspaces.js';
import type { InstallPlan, PlannedLink, PlannedPackage } from './install-plan.js';
import { isObject } from './lockfile-shape.js';
import type { NpmOptions } from './npm-options.js';
import { optionalSet } from './optional-set.js';
import { applyOverrides } from './overrides.js';
import { sourceOf } from './package-source.js';
import { nodeRangeOf } from './platform-check.js';
import type { ReadLockfile, RootManifest } from './read-lockfile.js';
import { createScriptPolicy } from './script-policy.js';
import type { ScriptPolicy, ScriptRules } from './script-policy.js';
import { selectPackages } from './select-packages.js';
import type { SelectedNode } from './select-packages.js';
import { checkInSync } from './sync-check.js';
import { createRangeTester } from './version-range.js';
import { restrictToWorkspace } from './workspace-selection.js';

/** What of npm's configuration decides a plan. */
export type PlanOptions = Pick<
  NpmOptions,
  | 'legacyPeerDeps'
  | 'force'
  | 'engineStrict'
  | 'installStrategy'
  | 'binLinks'
  | 'ignoreScripts'
  | 'allowScripts'
  | 'strictAllowScripts'
  | 'allowAllScripts'
>;

/** Everything beside lock and package.json that decides a plan. */
export interface PlanSettings {
  readonly projectDir: string;
  /** Directory of the workspace that is the app. */
  readonly workspace?: string;
  readonly target: Target;
  /** `process.version` of the Node the release is built for. */
  readonly nodeVersion: string;
  readonly settings: DependencySettings;
  readonly npmOptions: PlanOptions;
}

export interface ComputePlanInput extends ReadLockfile, PlanSettings {}

/**
 * Checks the lock against the project and decides what is installed.
 * Throws E_LOCK_OUT_OF_SYNC, E_LOCK_INVALID, E_LOCK_UNSUPPORTED, E_CONFIG_INVALID,
 * E_PLATFORM_UNSUPPORTED, E_ENGINE_UNSUPPORTED.
 */
export async function computePlan(input: ComputePlanInput): Promise<InstallPlan> {
  const { npmOptions, projectDir, lockfile, rootManifest } = input;
  refuseLinkedStrategy(npmOptions);
  const workspaces = await findWorkspaces(projectDir, rootManifest);
  const { legacyPeerDeps } = npmOptions;
  const tree = await buildDependencyTree(input, { projectDir, workspaces, legacyPeerDeps });
  const ranges = createRangeTester();
  const reader = await createSpecReader(allSpecs(tree), ranges);
  const context: EdgeContext = { root: tree.root, reader, ranges };
  applyOverrides(tree.root, reader);
  const peerWarnings = checkInSync(tree, context, { lockfile, force: npmOptions.force });
  const selection = selectPackages(tree, { ...input, engineStrict: npmOptions.engineStrict, ranges });
  const warnings = [...peerWarnings, ...selection.warnings];
  const scriptsAllowed = readScriptPolicy(input, context, (text) => warnings.push(text));

  const { workspace } = input;
  const shipped =
    workspace === undefined ? selection.selected : restrictToWorkspace(selection.selected, tree, workspace);
  const selected = [...shipped.values()];
  const planPackage = (item: SelectedNode): PlannedPackage =>
    describePackage(item, shipped, context, scriptsAllowed);
  const nodeRange = nodeRangeOf(tree.nodes.get(workspace ?? '')?.fields ?? rootManifest);
  return {
    lockfile,
    packages: byLocation(selected.filter(({ node }) => !node.isLink).map(planPackage)),
    links: byLocation(selected.filter(({ node }) => node.isLink).map((link) => planLink(link, tree))),
    productionBins: npmOptions.binLinks ? planBins(productionNodes(selected)) : [],
    allBins: npmOptions.binLinks ? planBins(selected.map(({ node }) => node)) : [],
    warnings,
    ...(nodeRange === undefined ? {} : { nodeRange }),
    strictAllowScripts: npmOptions.strictAllowScripts,
    rootManifest,
  };
}

function refuseLinkedStrategy({ installStrategy }: PlanOptions): void {
  if (installStrategy !== 'linked') return;
  throw new SalverError('E_LOCK_UNSUPPORTED', 'install-strategy=linked is not supported', {
    hint: 'set install-strategy=hoisted in .npmrc; the lock stays the same',
  });
}

function* allSpecs(tree: DependencyTree): Iterable<string> {
  for (const node of tree.nodes.values()) {
    for (const edge of node.edgesOut) yield edge.spec;
    // Overrides may name a repository that nobody asks for by itself.
    if (/^git/.test(node.entry.resolved ?? '')) yield node.entry.resolved ?? '';
  }
  yield* overrideSpecs(tree.root.fields);
}

function* overrideSpecs(fields: object): Iterable<string> {
  const queue: unknown[] = [(fields as { overrides?: unknown }).overrides];
  for (const value of queue) {
    if (typeof value === 'string') yield value;
    else if (isObject(value)) queue.push(...Object.values(value));
  }
}

function readScriptPolicy(
  { rootManifest, settings, npmOptions }: ComputePlanInput,
  context: EdgeContext,
  warn: (text: string) => void,
): ScriptPolicy {
  const own = readAllowScripts(rootManifest);
  const fromNpmrc = Object.fromEntries(npmOptions.allowScripts.map((spec) => [spec, true]));
  // As in npm, .npmrc only counts when package.json says nothing at all.
  const project =
    Object.keys(own).length > 0
      ? { label: 'package.json allowScripts', rules: own }
      : { label: '.npmrc allow-scripts', rules: fromNpmrc };
  return createScriptPolicy({
    sources: [{ label: 'settings allowScripts', rules: settings.allowScripts ?? {} }, project],
    ignoreScripts: npmOptions.ignoreScripts,
    allowAllScripts: npmOptions.allowAllScripts,
    context,
    warn,
  });
}

function readAllowScripts(manifest: RootManifest): ScriptRules {
  const rules = manifest['allowScripts'];
  if (!isObject(rules)) return {};
  return Object.fromEntries(
    Object.entries(rules).filter((pair): pair is [string, boolean] => typeof pair[1] === 'boolean'),
  );
}

function describePackage(
  { node, production, optional }: SelectedNode,
  selected: ReadonlyMap<string, SelectedNode>,
  context: EdgeContext,
  scriptsAllowed: ScriptPolicy,
): PlannedPackage {
  const { entry, location } = node;
  return {
    location,
    name: entry.name ?? node.name,
    version: node.version,
    source: sourceOf(node, context),
    ...(entry.integrity === undefined ? {} : { integrity: entry.integrity }),
    production,
    optional,
    ...(optional ? { optionalSet: optionalLocations(node) } : {}),
    hasInstallScript: entry.hasInstallScript === true,
    bin: binOf(node),
    dependencyLocations: dependencyLocations(node, selected),
    scriptsAllowed: scriptsAllowed(node),
  };
}

function dependencyLocations(node: TreeNode, selected: ReadonlyMap<string, SelectedNode>): readonly string[] {
  const locations: string[] = [];
  for (const edge of node.edgesOut) {
    if (edge.type !== 'dev' && edge.to !== undefined && selected.has(edge.to.location)) {
      locations.push(edge.to.location);
    }
  }
  return locations.sort(compareBytes);
}

function optionalLocations(node: TreeNode): readonly string[] {
  return [...optionalSet(node)].map((member) => member.location).sort(compareBytes);
}

function planLink({ node, production }: SelectedNode, tree: DependencyTree): PlannedLink {
  const targetPath = node.target.location;
  return { location: node.location, targetPath, workspace: tree.workspaces.has(node.target), production };
}

function productionNodes(selected: readonly SelectedNode[]): TreeNode[] {
  return selected.filter(({ production }) => production).map(({ node }) => node);
}

function byLocation<T extends { readonly location: string }>(items: T[]): T[] {
  return items.sort((a, b) => compareBytes(a.location, b.location));
}
