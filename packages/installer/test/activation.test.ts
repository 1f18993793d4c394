// Whatever fails, and wherever: `current` is untouched or goes back by itself, the code says which, and nothing that
// a hook started is left running.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { activateRelease, rollbackRelease } from '@salver/installer';
import { FAILURE_CASES, QUICK } from './failure-cases.js';
import { failure, historyOf, linkTo, nameOf, release, serveRoot } from './served-root.js';
import { install, withCode } from './test-root.js';

for (const { what, code, at, reverted, status, server, host, says } of FAILURE_CASES) {
  test(`${what}: ${reverted === true ? 'taken back' : 'nothing is switched'}, ${code}`, async (context) => {
    const { root, url } = await serveRoot(context);
    const first = await install(
      root,
      await release(1, { hooks: { reload: { run: 'echo 1 >> "$SALVER_ROOT/reloads"' } } }),
    );
    const before = linkTo(root, 'previous');
    const program = `require('http').createServer((request, response) => { ${server ?? ''} }).listen(process.env.PORT)`;
    const files = { ...(status === undefined ? {} : { status }), 'server.js': program };
    const artifact = await release(2, host(url), files);
    const error = await failure(install(root, artifact, { migrate: true }));
    assert.equal(error.code, code, error.stack);
    assert.equal(error.facts.phase ?? error.facts.hook, at);
    if (says !== undefined) assert.match(error.message, says);

    assert.equal(linkTo(root, 'current'), first.release);
    assert.equal(linkTo(root, 'previous'), before);
    assert.ok(existsSync(join(root, 'releases', nameOf(artifact), 'version')), 'kept for inspection');
    assertNothingRuns(root);
    assert.deepEqual(
      readdirSync(root).filter((name) => name.startsWith('.salver-')),
      [],
    );
    assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
    const journal = JSON.parse(readFileSync(join(root, '.salver/journal.json'), 'utf8')) as { phase: string };
    assert.equal(journal.phase, 'done');
    const last = historyOf(root).at(-1);
    assert.equal(last?.['result'], reverted === true ? 'reverted' : 'failed');
    assert.equal(last?.['release'], nameOf(artifact));
    if (reverted === true) {
      assert.equal(readFileSync(join(root, 'reloads'), 'utf8'), '1\n1\n', 'reloaded again after going back');
      context.diagnostic(`${what}: back after ${String(error.facts.revertMs)} ms`);
    }
    // A failed release is no rollback target, also when links or marks say that it ran.
    await assert.rejects(rollbackRelease({ root }), withCode('E_NOTHING_TO_ROLL_BACK'));
  });
}

function assertNothingRuns(root: string): void {
  const file = join(root, 'pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8'));
  // A process that has ended may still be in the table until somebody asks for its status.
  const state = existsSync(`/proc/${pid}/stat`)
    ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
    : 'Z';
  assert.equal(state, 'Z', 'the grandchild has been ended');
}

test('the first release ever that fails leaves no current, as before', async (context) => {
  const { root, url } = await serveRoot(context);
  const artifact = await release(1, { hooks: { check: { http: url, ...QUICK } } }, { status: '503' });
  await assert.rejects(install(root, artifact), withCode('E_ACTIVATION_FAILED'));
  assert.equal(linkTo(root, 'current'), undefined);
  assert.equal(linkTo(root, 'previous'), undefined);
});

test('a release that passes late, within its deadline, is accepted', async (context) => {
  const { root, url } = await serveRoot(context);
  const host: HostSettings = {
    hooks: {
      reload: { run: 'n=0' },
      check: {
        run: 'echo x >> "$SALVER_ROOT/tries"; test $(wc -l < "$SALVER_ROOT/tries") -ge 4',
        passes: 2,
        interval: '10ms',
        deadline: '20s',
      },
      candidate: { http: url, passes: 1, deadline: '20s' },
    },
    start: 'exec node server.js',
  };
  const program = 'require("http").createServer((q, s) => s.end("ok")).listen(process.env.PORT)';
  const result = await install(root, await release(1, host, { 'server.js': program }));
  assert.equal(linkTo(root, 'current'), result.release);
  assert.equal(readFileSync(join(root, 'tries'), 'utf8').length / 2, 5);
});

test('a release that begins to fail during probation is taken back', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const fails = 'echo x >> "$SALVER_ROOT/tries"; test $(wc -l < "$SALVER_ROOT/tries") -le 3';
  const host: HostSettings = { hooks: { check: { run: fails, interval: '10ms' } } };
  const error = await failure(install(root, await release(2, host), { watchMs: 60_000 }));
  assert.equal(error.code, 'E_ACTIVATION_FAILED');
  assert.equal(error.facts.phase, 'watch');
  assert.equal(linkTo(root, 'current'), first.release);
});

test('an activation that is interrupted while it is checked is taken back, and not held against the release', async (context) => {
  const { root } = await serveRoot(context);
  const first = await install(root, await release(1));
  const controller = new AbortController();
  const host: HostSettings = {
    hooks: { check: { run: 'touch "$SALVER_ROOT/checking"; sleep 600', deadline: '600s', timeout: '600s' } },
  };
  const work = failure(install(root, await release(2, host), { signal: controller.signal }));
  while (!existsSync(join(root, 'checking'))) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  const error = await work;
  assert.equal(error.code, 'E_INTERRUPTED');
  assert.equal(linkTo(root, 'current'), first.release);
  assert.deepEqual(readdirSync(join(root, '.salver/marks')), [`${first.release}.json`]);
});

test('a rollback to a release that is not healthy stands, and says so', async (context) => {
  const { root, url } = await serveRoot(context);
  const healthyOnce: HostSettings = { hooks: { check: { http: url, ...QUICK } } };
  const first = await install(root, await release(1, healthyOnce));
  await install(root, await release(2));
  writeFileSync(join(root, 'releases', first.release, 'status'), '500');
  const error = await failure(rollbackRelease({ root }));
  assert.equal(error.code, 'E_UNHEALTHY');
  assert.equal(error.facts.current, first.release);
  assert.equal(linkTo(root, 'current'), first.release);
});

test('a failed release can be activated once it works, and then counts as healthy', async (context) => {
  const { root, url } = await serveRoot(context);
  await install(root, await release(1));
  const artifact = await release(2, { hooks: { check: { http: url, ...QUICK } } }, { status: '500' });
  await assert.rejects(install(root, artifact), withCode('E_ACTIVATION_FAILED'));
  writeFileSync(join(root, 'releases', nameOf(artifact), 'status'), '200');
  assert.equal((await activateRelease({ root, release: '1.0.2' })).changed, true);
  await install(root, await release(3));
  assert.equal((await rollbackRelease({ root })).release, nameOf(artifact));
});
