// For real lockfiles of many shapes: the artifact's node_modules is what `npm ci --omit=dev` leaves, in paths,
// bytes, executable bits and links. npm runs here too, so the comparison is with the npm of this machine.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SLOW_CASES, compareWithNpm, downloads, usedRules } from './compare-with-npm.js';
import { FIDELITY_RULES } from './fidelity-rules.js';
import { compilerProblem, copyLockCase, readLockCases, registryProblem } from './fixture-apps.js';
import { describeEnd, listTree, runProgram, startCommand, withTempDir } from './product-harness.js';

const noRegistry = await registryProblem();
const noCompiler = await compilerProblem();
after(() => downloads.remove());

let comparedAll = true;

// The slowest ones are compared in lock-fidelity.deep.test.ts.
for (const each of readLockCases().filter(
  ({ name, expect }) => expect === 'ok' && !SLOW_CASES.includes(name),
)) {
  const skip = noRegistry ?? (each.scripts ? noCompiler : undefined) ?? false;
  if (skip !== false) comparedAll = false;
  test(`${each.name}: node_modules is what npm ci leaves`, { skip }, () => compareWithNpm(each));
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
