// Compares plans with npm's own tree builder on the lock fixtures. No network: a lock in sync makes
// it build its tree without asking anybody; a case for which that is not so is skipped visibly.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { hostTarget } from '@salver/core';
import { planDirectory } from './project-double.js';

interface ArboristNode {
  readonly location: string;
  readonly path: string;
  readonly depth: number;
  readonly isLink: boolean;
  readonly inert: boolean;
  readonly optional: boolean;
  readonly parent: ArboristNode | null;
  readonly target: ArboristNode;
  readonly binPaths: readonly string[];
  shouldOmit(omit: ReadonlySet<string>): boolean;
}

interface ArboristTree {
  readonly inventory: { values(): Iterable<ArboristNode> };
}

type ArboristClass = new (options: Record<string, unknown>) => {
  buildIdealTree(): Promise<ArboristTree>;
};

const Arborist = createRequire(import.meta.url)('@npmcli/arborist') as ArboristClass;
const LOCKS = fileURLToPath(new URL('../../../fixtures/locks/', import.meta.url));
const CLOSED_REGISTRY = 'http://127.0.0.1:9/';

const cases = existsSync(`${LOCKS}cases.json`)
  ? (JSON.parse(readFileSync(`${LOCKS}cases.json`, 'utf8')) as readonly { name: string; expect: string }[])
  : [];

for (const { name, expect } of cases) {
  if (expect !== 'ok') continue;
  test(`the plan for ${name} has the packages and bin winners of npm`, async (context) => {
    const path = `${LOCKS}${name}`;
    let tree: ArboristTree;
    try {
      tree = await loadTree(path);
    } catch (error) {
      context.skip(`npm cannot load this case offline: ${String(error)}`);
      return;
    }
    const plan = await planDirectory(path, { target: hostTarget(), nodeVersion: process.version });
    const planned = [...plan.packages, ...plan.links];
    for (const production of [true, false]) {
      const nodes = installedNodes(tree, production ? new Set(['dev']) : new Set());
      const locations = planned.filter((item) => !production || item.production).map((item) => item.location);
      assert.deepEqual(locations.sort(), nodes.map((node) => node.location).sort());
      const bins = production ? plan.productionBins : plan.allBins;
      assert.deepEqual(
        Object.fromEntries(bins.map((bin) => [bin.location, bin.owner])),
        Object.fromEntries([...binWinners(path, nodes)].sort()),
      );
    }
    const optional = installedNodes(tree, new Set()).filter((node) => node.optional && !node.isLink);
    assert.deepEqual(
      plan.packages.filter((item) => item.optional).map((item) => item.location),
      optional.map((node) => node.location).sort(),
    );
  });
}

async function loadTree(path: string): Promise<ArboristTree> {
  const legacyPeerDeps =
    existsSync(`${path}/.npmrc`) && /legacy-peer-deps *= *true/.test(readFileSync(`${path}/.npmrc`, 'utf8'));
  const options = {
    path,
    save: false,
    legacyPeerDeps,
    nodeVersion: process.version,
    registry: CLOSED_REGISTRY,
    fetchRetries: 0,
    retry: { retries: 0 },
  };
  return new Arborist(options).buildIdealTree();
}

/** npm installs what lies in some node_modules, is not inert or omitted, and in nothing that is. */
function installedNodes(tree: ArboristTree, omit: ReadonlySet<string>): ArboristNode[] {
  const isInstalled = (node: ArboristNode): boolean =>
    node.parent === null || (!node.inert && !node.shouldOmit(omit) && isInstalled(node.parent));
  return [...tree.inventory.values()].filter((node) => node.parent !== null && isInstalled(node));
}

/** The rule of arborist's rebuild and of bin-links: sorted by depth and path, the first has the name. */
function binWinners(project: string, nodes: readonly ArboristNode[]): Map<string, string> {
  const winners = new Map<string, string>();
  const sorted = [...nodes].sort(
    (a, b) => Number(a.isLink) - Number(b.isLink) || a.depth - b.depth || a.path.localeCompare(b.path, 'en'),
  );
  for (const node of sorted) {
    for (const path of node.binPaths) {
      const location = relative(project, path);
      if (!winners.has(location)) winners.set(location, node.location);
    }
  }
  return winners;
}
