import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { activateRelease, rollbackRelease, rootStatus } from '@salver/installer';
import { failure, historyOf, linkTo, nameOf, release, serveRoot } from './served-root.js';
import { install, withCode } from './test-root.js';

const CONTRACT: HostSettings = { hooks: { migrate: { run: 'true', phase: 'contract' } } };
const EXPAND: HostSettings = { hooks: { migrate: { run: 'true', phase: 'expand' } } };

test('going back over a contract migration that ran here is refused, with the nearest safe release', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const second = await install(root, await release(2, CONTRACT), { migrate: true });
  let error = await failure(rollbackRelease({ root }));
  assert.equal(error.code, 'E_ROLLBACK_UNSAFE');
  assert.deepEqual([error.facts.contractOf, error.facts.safe], [second.release, '']);
  assert.match(rootStatus(root).rollback?.refused ?? '', /contract/);

  const third = await install(root, await release(3));
  error = await failure(activateRelease({ root, release: first.release }));
  assert.equal(error.code, 'E_ROLLBACK_UNSAFE');
  assert.equal(error.facts.safe, second.release);
  assert.equal(linkTo(root, 'current'), third.release);
  assert.equal((await rollbackRelease({ root })).release, second.release, 'the one that ran it is safe');
});

test('--force goes back all the same, and the history says so', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  await install(root, await release(2, CONTRACT), { migrate: true });
  assert.equal((await rollbackRelease({ root, force: true })).release, first.release);
  assert.equal(historyOf(root).at(-1)?.['forced'], true);
});

test('a contract migration that did not run here, and an expand one that did, forbid nothing', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  await install(root, await release(2, CONTRACT));
  assert.equal((await rollbackRelease({ root })).release, first.release);
  await install(root, await release(3, EXPAND), { migrate: true });
  assert.equal((await rollbackRelease({ root })).release, first.release);
});

test('a release that never ran here is no step back, whatever ran before', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(2, CONTRACT), { migrate: true });
  assert.equal((await install(root, await release(3))).changed, true);
});

test('a contract migration that failed may have done half of it: it counts', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1));
  const second = await install(root, await release(2));
  const bad = await release(3, { hooks: { migrate: { run: 'exit 1', phase: 'contract' } } });
  await assert.rejects(install(root, bad, { migrate: true }), withCode('E_HOOK_FAILED'));
  assert.equal(linkTo(root, 'current'), second.release);
  await assert.rejects(rollbackRelease({ root }), withCode('E_ROLLBACK_UNSAFE'));
});

test('a release whose contract migration ran is not taken back by itself when it fails its check', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1));
  const host: HostSettings = { hooks: { ...CONTRACT.hooks, check: { run: 'false', deadline: '50ms' } } };
  const artifact = await release(2, host);
  const error = await failure(install(root, artifact, { migrate: true }));
  assert.equal(error.code, 'E_ROLLBACK_UNSAFE');
  assert.equal(error.facts.current, nameOf(artifact));
  assert.equal(linkTo(root, 'current'), nameOf(artifact));
  assert.match(rootStatus(root).problems.join(), /current but failed/);
  assert.equal(rootStatus(root).current?.health, 'failed');
});
