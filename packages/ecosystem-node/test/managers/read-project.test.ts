import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { packagesOf } from '../../dist/managers/find-members.js';
import { pnpm } from '../../dist/managers/pnpm.js';
import { readManagerProject } from '../../dist/managers/read-project.js';
import type { ManagerProject } from '../../dist/managers/read-project.js';
import { yarnBerry } from '../../dist/managers/yarn-berry.js';

type Files = Readonly<Record<string, string>>;

async function read(files: Files, manager = pnpm): Promise<ManagerProject> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-project-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return await readManagerProject(directory, manager);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const BASE: Files = {
  'package.json': JSON.stringify({ name: 'a', version: '1.0.0', dependencies: { b: 'file:vendor/b' } }),
  'pnpm-lock.yaml': 'lockfileVersion: 9\n',
  'pnpm-workspace.yaml': 'packages:\n  - "libs/*"\n',
  'libs/c/package.json': '{"name":"c","version":"1.0.0"}',
  'libs/c/index.js': '',
  'vendor/b/package.json': '{"name":"b"}',
  'vendor/b/index.js': '1',
  '.npmrc': '',
  'patches/x.patch': '',
};

test('reads what decides about dependencies and nothing else', async () => {
  const { files, members } = await read(BASE);
  const expected = Object.keys(BASE).filter((path) => path !== 'libs/c/index.js');
  assert.deepEqual([...files.keys()].sort(), expected.sort());
  assert.deepEqual(members, ['libs/c']);
});

const manifest = (changes: object): Files => ({
  'package.json': JSON.stringify({
    ...(JSON.parse(BASE['package.json'] ?? '') as object),
    ...changes,
  }),
});
const CHANGES: readonly (readonly [string, Files, boolean])[] = [
  ['the version of the app', manifest({ version: '1.0.1' }), true],
  ['a script of the app', manifest({ scripts: { build: 'x' } }), true],
  ['a file of a workspace', { 'libs/c/index.js': 'changed' }, true],
  ['a dependency', manifest({ dependencies: {} }), false],
  ['the lock', { 'pnpm-lock.yaml': 'lockfileVersion: 9.0\n' }, false],
  ['the configuration', { '.npmrc': 'hoist=false\n' }, false],
  ['a patch', { 'patches/x.patch': 'x' }, false],
  ['a workspace', { 'libs/c/package.json': '{"name":"c","version":"1.0.1"}' }, false],
  ['a file: dependency', { 'vendor/b/index.js': '2' }, false],
];

for (const [what, change, isSame] of CHANGES) {
  test(`${what} ${isSame ? 'does not matter' : 'matters'}`, async () => {
    const before = await read(BASE);
    const now = await read({ ...BASE, ...change });
    assert.equal(now.digest === before.digest, isSame);
  });
}

const REFUSED: readonly (readonly [string, Files, string])[] = [
  ['no lock', { 'package.json': '{}' }, 'E_LOCK_MISSING'],
  ['no package.json', { 'pnpm-lock.yaml': '' }, 'E_CONFIG_INVALID'],
  ['conflict markers', { 'package.json': '{}', 'pnpm-lock.yaml': '<<<<<<< HEAD\n' }, 'E_LOCK_INVALID'],
  [
    'a dependency outside the project',
    { 'package.json': '{"dependencies":{"b":"link:../b"}}', 'pnpm-lock.yaml': '' },
    'E_PATH_UNSAFE',
  ],
];

for (const [what, files, code] of REFUSED) {
  test(`refuses ${what}`, async () => {
    await assert.rejects(read(files), (error) => isSalverError(error) && error.code === code);
  });
}

test('reads patches wherever the lock or the settings say they are', async () => {
  const patched = {
    ...BASE,
    'pnpm-lock.yaml': 'patchedDependencies:\n  a@1:\n    hash: x\n    path: fixes/a.patch\n',
    'pnpm-workspace.yaml': "patchedDependencies:\n  b@1: 'other/b.patch'\n",
    'fixes/a.patch': '',
    'other/b.patch': '',
  };
  const { files } = await read(patched);
  assert.ok(files.has('fixes/a.patch') && files.has('other/b.patch'));
  const lock =
    '"c@patch:c@npm%3A1.0.0#~/fixes/c.patch":\n  resolution: "c@patch:c@npm%3A1#./d.patch::version=1"\n';
  const yarn = { 'package.json': '{}', 'yarn.lock': lock, 'fixes/c.patch': '', 'd.patch': '' };
  assert.deepEqual([...(await read(yarn, yarnBerry)).files.keys()].sort(), Object.keys(yarn).sort());
});

test('reads the patterns of pnpm-workspace.yaml in all usual forms', () => {
  assert.deepEqual(
    packagesOf('packages:\n  - apps/*\n  # all\n  - "libs/**"  # x\n\n  - \'!x\'\nother:\n  - y\n'),
    ['apps/*', 'libs/**', '!x'],
  );
  assert.deepEqual(packagesOf('packages: ["a/*", b]\n'), ['a/*', 'b']);
  assert.deepEqual(packagesOf('packages:\n- a\n- b\n'), ['a', 'b']);
  assert.deepEqual(packagesOf('onlyBuiltDependencies:\n  - x\n'), []);
});

const LINKERS: readonly (readonly [string, boolean])[] = [
  ['', false],
  ['nodeLinker: pnp\n', false],
  ['nodeLinker: pnpm\n', false],
  ['nodeLinker: node-modules\n', true],
  ['nodeLinker: "node-modules" # really\n', true],
];

for (const [settings, isAllowed] of LINKERS) {
  test(`yarn with ${JSON.stringify(settings)} is ${isAllowed ? 'taken' : 'refused'}`, async () => {
    const project = await read({ 'package.json': '{}', 'yarn.lock': '', '.yarnrc.yml': settings }, yarnBerry);
    const check = (): void => yarnBerry.check(project, {});
    if (isAllowed) check();
    else assert.throws(check, (error) => isSalverError(error, 'E_LOCK_UNSUPPORTED'));
  });
}
