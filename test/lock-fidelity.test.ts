// For real lockfiles of many shapes: the artifact's node_modules is what `npm ci --omit=dev` leaves, in paths,
// bytes, executable bits and links. npm runs here too, so the comparison is with the npm of this machine.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FIDELITY_RULES, ruleFor } from './fidelity-rules.js';
import {
  compilerProblem,
  copyLockCase,
  openDownloadCache,
  readLockCases,
  registryProblem,
} from './fixture-apps.js';
import type { LockCase } from './fixture-apps.js';
import {
  buildApp,
  describeEnd,
  diffTrees,
  listTree,
  runCommand,
  runProgram,
  startCommand,
  withTempDir,
} from './product-harness.js';
import type { Tree, TreeDifference } from './product-harness.js';

const noRegistry = await registryProblem();
const noCompiler = await compilerProblem();
const downloads = openDownloadCache();
after(() => downloads.remove());

const usedRules = new Set<string>();
let comparedAll = true;

for (const each of readLockCases().filter(({ expect }) => expect === 'ok')) {
  const skip = noRegistry ?? (each.scripts ? noCompiler : undefined) ?? false;
  if (skip !== false) comparedAll = false;
  test(`${each.name}: node_modules is what npm ci leaves`, { skip }, async () => {
    await withTempDir(async (directory) => {
      const left = await installWithNpm(each, join(directory, 'npm'));
      const right = await buildAndUnpack(each, directory);
      assertExplained(diffTrees(left, right), left);
      assert.deepEqual(
        brokenLinks(join(directory, 'ours'), right),
        brokenLinks(join(directory, 'npm'), left),
      );
    });
  });
}

test('every rule that allows a difference is needed', { skip: skippedRules() }, () => {
  assert.deepEqual(
    FIDELITY_RULES.map(({ name }) => name).filter((name) => !usedRules.has(name)),
    [],
  );
});

for (const each of readLockCases().filter(({ expect }) => expect === 'out-of-sync')) {
  test(`${each.name}: refused with the lines npm prints`, { skip: noRegistry ?? false }, async () => {
    await withTempDir(async (directory) => {
      const app = join(directory, 'app');
      copyLockCase(each.name, app);
      const npm = await startCommand('npm', ['ci', '--omit=dev'], { cwd: app, env: downloads.env }).ended;
      const ours = await runProgram('salver', ['build', app, '--output', join(directory, 'out'), '--json'], {
        env: { ...downloads.env, SALVER_CACHE: join(directory, 'cache') },
      });
      assert.notEqual(npm.status, 0);
      assert.equal(ours.status, 2, describeEnd(ours));
      const error = JSON.parse(ours.stderr.trimEnd().split('\n').at(-1) ?? '') as FailureReport;
      assert.equal(error.code, 'E_LOCK_OUT_OF_SYNC');
      assert.ok(error.hint !== undefined);
      const expected = problemsOf(each.expectedMessage ?? '');
      assert.deepEqual(problemsOf(npm.stderr), expected, 'what npm says');
      const problems = problemsOf(error.message);
      assert.ok(problems.length > 0, error.message);
      assert.deepEqual(problems, expected.slice(0, problems.length), 'what salver says');
      assert.ok(!existsSync(join(directory, 'out')) || listTree(join(directory, 'out')).size === 0);
    });
  });
}

interface FailureReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * Kind and package of each problem, in order. npm asks the registry which versions it would install, so it can
 * name the version that is missing, and what would be missing next; without the registry a range is all there is.
 */
function problemsOf(text: string): readonly string[] {
  const lines = text.matchAll(/(Missing|Invalid): (?:lock file's )?(@?[^@\s]+)@/g);
  return [...lines].map(([, kind, name]) => `${kind} ${name}`);
}

function skippedRules(): string | false {
  return comparedAll ? false : 'not every case was compared';
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
