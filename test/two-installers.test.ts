// Two programs on one root at once: one waits or says who holds the lock, and both end well.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { EXIT_CODE_BY_ERROR } from '@salver/core';
import { runJson, runProgram, startProgram } from './product-harness.js';
import type { ProgramResult, RunningProgram } from './product-harness.js';
import { assertRefused, printedError } from './refusal.js';
import { assertNothingStaged, rootSnapshot } from './root-snapshot.js';
import { buildSampleReleases } from './sample-releases.js';
import type { SampleReleases } from './sample-releases.js';

const RACES = 6;

let temp: string;
let releases: SampleReleases;
let roots = 0;

before(async () => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  releases = await buildSampleReleases(temp);
});

after(() => rmSync(temp, { recursive: true, force: true }));

/** A fresh root in which version 1 runs. */
async function runningRoot(): Promise<string> {
  roots += 1;
  const root = join(temp, `root-${roots}`);
  await runJson('salver-host', ['install', releases.v1.artifact, '--root', root]);
  return root;
}

function host(root: string, ...args: readonly string[]): Promise<ProgramResult> {
  return runProgram('salver-host', [...args, '--root', root, '--json']);
}

function currentOf(root: string): string {
  return readlinkSync(join(root, 'current')).replace('releases/', '');
}

/** Asserts that a loser of a race says who holds the lock. Returns whether it lost. */
function assertWonOrLocked(result: ProgramResult): boolean {
  if (result.status === 0) return false;
  assertRefused(result, 'E_LOCK_HELD');
  return true;
}

test(`two installs at once end well, ${RACES} times over`, async () => {
  for (let race = 0; race < RACES; race += 1) {
    const root = await runningRoot();
    const install = (): Promise<ProgramResult> => host(root, 'install', releases.v2.artifact);
    const results = await Promise.all([install(), install()]);
    const lost = results.filter(assertWonOrLocked);
    assert.ok(lost.length < 2, 'at least one installed');
    assert.equal(currentOf(root), releases.v2.name);
    assertNothingStaged(root);
    for (const result of lost) assert.match(printedError(result).message, /process \d+ \(install /);
  }
});

test('activate and rollback at once end well', async () => {
  const root = await runningRoot();
  assert.equal((await host(root, 'install', releases.v2.artifact)).status, 0);
  for (let race = 0; race < RACES; race += 1) {
    const results = await Promise.all([host(root, 'activate', releases.v1.name), host(root, 'rollback')]);
    assert.ok(results.filter(assertWonOrLocked).length < 2);
    assert.ok([releases.v1.name, releases.v2.name].includes(currentOf(root)));
    assertNothingStaged(root);
    assert.equal((await host(root, 'activate', releases.v2.name)).status, 0);
  }
});

/** Starts an install and stops it in its tracks while it holds the lock. */
async function stoppedInstall(root: string): Promise<RunningProgram> {
  const staging = join(root, '.salver/staging');
  const args = ['install', releases.v2.artifact, '--root', root, '--json'];
  const running = startProgram('salver-host', args);
  let hasEnded = false;
  void running.ended.then(() => (hasEnded = true));
  while (!existsSync(staging) || readdirSync(staging).length === 0) {
    assert.ok(!hasEnded, 'the install was over before it could be stopped');
    await new Promise((resolve) => setImmediate(resolve));
  }
  running.child.kill('SIGSTOP');
  return running;
}

test('while one install holds the lock, others are told who it is and change nothing', async () => {
  const root = await runningRoot();
  const running = await stoppedInstall(root);
  try {
    const state = rootSnapshot(root);
    for (const args of [
      ['install', releases.v2.artifact],
      ['rollback'],
      ['activate', releases.v1.name],
    ] as const) {
      const result = await host(root, ...args);
      // Activating what is active already has nothing to wait for.
      if (args[0] === 'activate' && result.status === 0) continue;
      const error = assertRefused(result, 'E_LOCK_HELD');
      assert.equal(result.status, EXIT_CODE_BY_ERROR.E_LOCK_HELD);
      assert.ok(error.message.includes(String(running.child.pid)), error.message);
    }
    assert.deepEqual(rootSnapshot(root), state);
  } finally {
    running.child.kill('SIGCONT');
  }
  const result = await running.ended;
  assert.equal(result.status, 0, result.stderr);
  assert.equal(currentOf(root), releases.v2.name);
  assertNothingStaged(root);
});

test('with --wait the second one waits for the first, and finds nothing left to do', async () => {
  const root = await runningRoot();
  const running = await stoppedInstall(root);
  const waiting = host(root, 'install', releases.v2.artifact, '--wait', '60s');
  running.child.kill('SIGCONT');
  for (const result of await Promise.all([running.ended, waiting]))
    assert.equal(result.status, 0, result.stderr);
  assert.equal((JSON.parse((await waiting).stdout) as { changed: boolean }).changed, false);
  assert.equal(currentOf(root), releases.v2.name);
  assertNothingStaged(root);
});
