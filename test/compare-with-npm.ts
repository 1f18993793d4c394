// One lockfile: what npm installs of it beside what ships. Used by the quick and by the long comparison.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleFor } from './fidelity-rules.js';
import { copyLockCase, openDownloadCache } from './fixture-apps.js';
import type { LockCase } from './fixture-apps.js';
import { buildApp, diffTrees, listTree, runCommand, withTempDir } from './product-harness.js';
import type { Tree, TreeDifference } from './product-harness.js';

/** Compared in the deep runs only. */
export const SLOW_CASES: readonly string[] = ['large', 'native-flagged'];

/** Packages that npm and Salver have downloaded: each is asked for once in a file of tests. */
export const downloads = openDownloadCache();
/** Names of the rules that have allowed a difference so far. */
export const usedRules = new Set<string>();

/** Asserts that the artifact's node_modules is what `npm ci --omit=dev` leaves, but for explained differences. */
export async function compareWithNpm(each: LockCase): Promise<void> {
  await withTempDir(async (directory) => {
    const left = await installWithNpm(each, join(directory, 'npm'));
    const right = await buildAndUnpack(each, directory);
    assertExplained(diffTrees(left, right), left);
    assert.deepEqual(brokenLinks(join(directory, 'ours'), right), brokenLinks(join(directory, 'npm'), left));
  });
}

/** Copies the case to `app` and installs it with npm; returns what is in its node_modules directories. */
async function installWithNpm(each: LockCase, app: string): Promise<Tree> {
  copyLockCase(each.name, app);
  const args = ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
  if (!each.scripts) args.push('--ignore-scripts');
  await runCommand('npm', args, { cwd: app, env: downloads.env });
  return listTree(app, isInNodeModules);
}

/** Builds the case and unpacks the artifact to `<directory>/ours`; returns the same of it. */
async function buildAndUnpack(each: LockCase, directory: string): Promise<Tree> {
  const source = join(directory, 'source');
  copyLockCase(each.name, source);
  if (each.scripts) allowAllScripts(source);
  const ignoreScripts = each.scripts ? {} : { npm_config_ignore_scripts: 'true' };
  const { artifact } = await buildApp(source, join(directory, 'out'), {
    env: { ...downloads.env, ...ignoreScripts, SALVER_CACHE: join(directory, 'cache') },
  });
  const unpacked = join(directory, 'ours');
  mkdirSync(unpacked);
  await runCommand('tar', ['xzf', artifact, '-C', unpacked]);
  return listTree(unpacked, isInNodeModules);
}

/** npm runs every install script; Salver runs those of other kinds than native builds when told to. */
function allowAllScripts(appDir: string): void {
  const lock = JSON.parse(readFileSync(join(appDir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const flagged = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript === true);
  const allowScripts = Object.fromEntries(
    flagged.map(([location]) => [location.slice(location.lastIndexOf('node_modules/') + 13), true]),
  );
  writeFileSync(join(appDir, 'salver.json'), JSON.stringify({ dependencies: { allowScripts } }));
}

function isInNodeModules(path: string): boolean {
  return path.split('/').includes('node_modules');
}

const DIFFERENCES_SHOWN_MAX = 20;

function assertExplained(differences: readonly TreeDifference[], npmTree: Tree): void {
  const unexplained = differences.filter((difference) => {
    const rule = ruleFor(difference, npmTree);
    if (rule !== undefined) usedRules.add(rule.name);
    return rule === undefined;
  });
  const shown = unexplained.slice(0, DIFFERENCES_SHOWN_MAX).map(describeDifference);
  assert.equal(unexplained.length, 0, `${unexplained.length} differences:\n${shown.join('\n')}`);
}

function describeDifference({ path, left, right }: TreeDifference): string {
  return `${path}\n  npm:  ${JSON.stringify(left) ?? 'missing'}\n  ours: ${JSON.stringify(right) ?? 'missing'}`;
}

/** Links that lead nowhere; whatever npm's lead to, ours must lead to as well. */
function brokenLinks(top: string, tree: Tree): readonly string[] {
  return [...tree]
    .filter(([path, { kind }]) => kind === 'symlink' && !existsSync(join(top, path)))
    .map(([path]) => path);
}
