import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { decideScripts, describeRun, isNativeBuild } from '../dist/script-decision.js';
import type { ScriptDecision } from '../dist/script-decision.js';
import type { InstallScripts } from '../dist/package-facts.js';
import { plannedPackage } from './context-double.js';

function decide(scripts: InstallScripts, scriptsAllowed?: boolean, strict = false): ScriptDecision {
  const item = plannedPackage({ scriptsAllowed });
  return decideScripts({
    location: item.location,
    scripted: [{ directory: '', scripts, isImplicitGyp: false }],
    packages: new Map([[item.location, item]]),
    strict,
  });
}

for (const script of [
  'node-gyp rebuild',
  'prebuild-install || node-gyp rebuild',
  'node-gyp-build',
  'node-pre-gyp install --fallback-to-build',
  '(node install/libvips && prebuild-install) || (node install/can-compile)',
  'cmake-js compile',
  './node_modules/.bin/node-gyp rebuild',
]) {
  test(`recognises a native build: ${script}`, () => assert.ok(isNativeBuild(script)));
}

for (const script of [
  'node install.js',
  'node-gyp-buildx',
  'echo not-node-gypped',
  'husky install',
  'node ./node-gyp.md.js',
]) {
  test(`does not take for a native build: ${script}`, () => assert.ok(!isNativeBuild(script)));
}

const SCRIPTS = { postinstall: 'node ad.js', preinstall: 'node check.js', install: 'node-gyp rebuild' };

test('runs only native builds where nobody has decided', () => {
  const { runs, skipped } = decide(SCRIPTS);
  assert.deepEqual(runs.map(describeRun), ['a@1.0.0: install']);
  assert.deepEqual(skipped.map(describeRun), ['a@1.0.0: preinstall', 'a@1.0.0: postinstall']);
});

test("runs everything in npm's order when allowed, and nothing when denied", () => {
  assert.deepEqual(
    decide(SCRIPTS, true).runs.map(({ event }) => event),
    ['preinstall', 'install', 'postinstall'],
  );
  assert.deepEqual(decide(SCRIPTS, false).runs, []);
  assert.equal(decide(SCRIPTS, false).skipped.length, 3);
});

test('refuses an undecided script in strict mode', () => {
  assert.throws(
    () => decide(SCRIPTS, undefined, true),
    (error) => isSalverError(error, 'E_SCRIPT_NOT_ALLOWED'),
  );
  assert.equal(decide(SCRIPTS, true, true).runs.length, 3);
});

test('follows a script that calls another one', () => {
  const item = plannedPackage();
  const scripted = [
    {
      directory: '',
      scripts: { install: 'npm run rebuild' },
      calls: { install: 'node-gyp rebuild' },
      isImplicitGyp: false,
    },
  ];
  const { runs } = decideScripts({
    location: item.location,
    scripted,
    packages: new Map([[item.location, item]]),
    strict: false,
  });
  assert.deepEqual(
    runs.map(({ script }) => script),
    ['npm run rebuild'],
  );
});

test('ignores packages in a tarball that the lock does not install', () => {
  const item = plannedPackage();
  const scripted = [{ directory: 'node_modules/stray', scripts: SCRIPTS, isImplicitGyp: false }];
  const { runs, skipped } = decideScripts({
    location: item.location,
    scripted,
    packages: new Map([[item.location, item]]),
    strict: false,
  });
  assert.deepEqual([runs, skipped], [[], []]);
});
