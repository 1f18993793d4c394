// Hooks: when, where and with what they run, and what becomes of their output.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { QUICK } from './failure-cases.js';
import { failure, linkTo, listeningProgress, nameOf, release, serveRoot } from './served-root.js';
import { install } from './test-root.js';

test('hooks run in their order, in the resolved release, with a clean and documented environment', async (context) => {
  const { root, url } = await serveRoot(context);
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/env'), 'FROM_FILE=file\nBOTH=file\n');
  const note =
    'env | sort > "$SALVER_ROOT/env-$SALVER_HOOK"; echo "$SALVER_HOOK $(pwd)" >> "$SALVER_ROOT/order"; ls >/dev/null; if read line; then exit 9; fi';
  const hook = { run: note };
  const host: HostSettings = {
    env: { DECLARED: {}, BOTH: {}, WITH_DEFAULT: { default: 'default' } },
    hooks: {
      prepare: hook,
      migrate: hook,
      reload: hook,
      cleanup: hook,
      check: { http: url, passes: 2, ...QUICK },
    },
  };
  const first = await install(root, await release(1));
  const artifact = await release(2, host);
  const env = {
    PATH: process.env['PATH'],
    HOME: '/home/x',
    SECRET_TOKEN: 'x',
    DECLARED: 'yes',
    BOTH: 'process',
    NODE_OPTIONS: '--bad',
  };
  await install(root, artifact, { migrate: true, env });
  const directory = join(root, 'releases', nameOf(artifact));
  assert.deepEqual(readFileSync(join(root, 'order'), 'utf8').trim().split('\n'), [
    `prepare ${directory}`,
    `migrate ${directory}`,
    `reload ${directory}`,
    `cleanup ${directory}`,
  ]);
  const seen = Object.fromEntries(
    readFileSync(join(root, 'env-reload'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s) as [string, string]),
  );
  const { SALVER_TXID, PATH, PWD, _, SHLVL, OLDPWD, ...rest } = seen;
  assert.match(String(SALVER_TXID), /^000002-/);
  assert.ok(PATH?.startsWith(`${directory}/node_modules/.bin:`));
  assert.equal(PWD, directory);
  assert.ok([_, SHLVL, OLDPWD].length === 3);
  assert.deepEqual(rest, {
    BOTH: 'file',
    DECLARED: 'yes',
    FROM_FILE: 'file',
    HOME: '/home/x',
    SALVER_ACTION: 'install',
    SALVER_HOOK: 'reload',
    SALVER_PREVIOUS: first.release,
    SALVER_RELEASE: nameOf(artifact),
    SALVER_RELEASE_DIR: directory,
    SALVER_ROOT: root,
    SALVER_VERSION: '1.0.2',
    WITH_DEFAULT: 'default',
  });
});

test('migrate runs only where it is told to', async (context) => {
  const { root } = await serveRoot(context);
  const { progress, said } = listeningProgress();
  const host: HostSettings = { hooks: { migrate: { run: 'touch "$SALVER_ROOT/migrated"' } } };
  await install(root, await release(1, host), { progress });
  assert.ok(!existsSync(join(root, 'migrated')));
  assert.match(said.join('\n'), /--migrate/);
  await install(root, await release(2, host), { migrate: true });
  assert.ok(existsSync(join(root, 'migrated')));
});

test('output of hooks is kept with a bound, its end shown in the error', async (context) => {
  const { root } = await serveRoot(context);
  const host: HostSettings = {
    hooks: {
      prepare: { run: 'echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last; exit 1' },
    },
  };
  const error = await failure(install(root, await release(1, host)));
  assert.equal((error.facts.output as string[]).at(-1), 'last');
  const log = readFileSync(String(error.facts.log), 'utf8');
  assert.match(log, /^first\n/);
  assert.match(log, /bytes left out/);
  assert.match(log, /last\n$/);
  assert.ok(log.length < 400_000, `${log.length}`);
});

test('a cleanup that fails is a warning: the release stays', async (context) => {
  const { root } = await serveRoot(context);
  const { progress, said } = listeningProgress();
  const result = await install(root, await release(1, { hooks: { cleanup: { run: 'exit 1' } } }), {
    progress,
  });
  assert.equal(linkTo(root, 'current'), result.release);
  assert.match(said.join('\n'), /cleanup .*healthy all the same/);
});
