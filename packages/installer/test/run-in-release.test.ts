import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runInRelease } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir, withCode } from './test-root.js';

const FILES = {
  'node_modules/.bin/tool': { data: '#!/bin/sh\nexit 7\n', executable: true },
  'show.sh': 'printf "%s|%s|%s|%s" "$(pwd -P)" "$GREETING" "$SALVER_RELEASE" "$SALVER_ROOT" > "$OUT"',
} as const;

test('runs in the resolved release with config/env and its own bin directory first', async (context) => {
  const root = makeTempDir(context);
  const { release } = await install(root, await makeArtifact(FILES));
  mkdirSync(join(root, 'config'));
  writeFileSync(join(root, 'config/env'), 'GREETING="hello there"\n');
  const out = join(root, 'out');
  const env = { ...process.env, OUT: out, GREETING: 'from outside' };
  assert.equal(await runInRelease({ root, command: ['sh', 'show.sh'], env }), 0);
  const directory = realpathSync(join(root, 'releases', release));
  assert.equal(readFileSync(out, 'utf8'), `${directory}|hello there|${release}|${root}`);
  assert.equal(await runInRelease({ root, command: ['tool'], env }), 7);
});

test('passes on exit codes and signals', async (context) => {
  const root = makeTempDir(context);
  const { release } = await install(root, await makeArtifact(FILES));
  assert.equal(await runInRelease({ root, command: ['sh', '-c', 'exit 3'] }), 3);
  assert.equal(await runInRelease({ root, release, command: ['sh', '-c', 'kill -TERM $$'] }), 128 + 15);
});

test('says what is wrong before it runs anything', async (context) => {
  const root = makeTempDir(context);
  await assert.rejects(runInRelease({ root, command: ['true'] }), withCode('E_RELEASE_NOT_FOUND'));
  await install(root, await makeArtifact(FILES), { activate: false });
  await assert.rejects(runInRelease({ root, command: ['true'] }), withCode('E_RELEASE_NOT_FOUND'));
  await install(root, await makeArtifact(FILES));
  await assert.rejects(runInRelease({ root, command: [] }), withCode('E_USAGE'));
  await assert.rejects(runInRelease({ root, command: ['no-such-program'] }), withCode('E_COMMAND_FAILED'));
});
