import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { SalverError } from '@salver/core';
import { parseLock, parseProjectTexts, readProjectTexts } from '../dist/read-lockfile.js';
import type { ReadLockfile } from '../dist/read-lockfile.js';
import { withFiles } from './project-double.js';

const MANIFEST = JSON.stringify({ name: 'app', version: '1.0.0' });

function lockWith(packages: unknown): string {
  return JSON.stringify({ lockfileVersion: 3, packages });
}

async function read(directory: string): Promise<ReadLockfile> {
  return parseProjectTexts(await readProjectTexts(directory));
}

function errorOf(work: () => unknown): SalverError {
  try {
    work();
  } catch (error) {
    if (isSalverError(error)) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}

test('npm-shrinkwrap.json wins over package-lock.json', async () => {
  const files = {
    'package.json': MANIFEST,
    'package-lock.json': lockWith({ '': {} }),
    'npm-shrinkwrap.json': lockWith({ '': {}, 'node_modules/a': { version: '1.0.0' } }),
  };
  await withFiles(files, async (directory) => {
    const found = await read(directory);
    assert.equal(found.lockfile, 'npm-shrinkwrap.json');
    assert.equal(found.lock.packages.get('node_modules/a')?.version, '1.0.0');
    assert.equal(found.rootManifest.name, 'app');
  });
});

test('a missing lock says what to run, and names another lock that is there', async () => {
  await withFiles({ 'package.json': MANIFEST }, async (directory) => {
    await assert.rejects(read(directory), (error: SalverError) => {
      return error.code === 'E_LOCK_MISSING' && /npm install/.test(error.hint ?? '');
    });
  });
  await withFiles({ 'package.json': MANIFEST, 'yarn.lock': '' }, async (directory) => {
    await assert.rejects(read(directory), (error: SalverError) => /yarn\.lock/.test(error.hint ?? ''));
  });
});

test('a missing or broken package.json is a configuration error', async () => {
  await withFiles({ 'package-lock.json': lockWith({}) }, async (directory) => {
    await assert.rejects(read(directory), { code: 'E_CONFIG_INVALID' });
  });
  const files = { 'package.json': '{"dependencies": []}', 'package-lock.json': lockWith({}) };
  await withFiles(files, async (directory) => {
    await assert.rejects(read(directory), (error: SalverError) => {
      return error.code === 'E_CONFIG_INVALID' && error.facts['key'] === 'dependencies';
    });
  });
});

const INVALID: readonly (readonly [title: string, text: string, expected: RegExp])[] = [
  ['text that is not JSON', '{', /not JSON/],
  ['a list', '[]', /must be a JSON object/],
  ['a version that is not a number', '{"lockfileVersion":"3","packages":{}}', /lockfileVersion/],
  ['no packages', '{"lockfileVersion":3}', /"packages"/],
  ['packages that are a list', '{"lockfileVersion":3,"packages":[]}', /"packages"/],
  ['an entry that is a string', lockWith({ 'node_modules/a': 'x' }), /node_modules\/a/],
  ['a version that is a number', lockWith({ 'node_modules/a': { version: 1 } }), /"version"/],
  [
    'a dependency that is no string',
    lockWith({ 'node_modules/a': { dependencies: { b: 1 } } }),
    /"dependencies"/,
  ],
  ['an os list with numbers', lockWith({ 'node_modules/a': { os: [1] } }), /"os"/],
  ['a resolved that is an object', lockWith({ 'node_modules/a': { resolved: {} } }), /"resolved"/],
];

for (const [title, text, expected] of INVALID) {
  test(`refuses a lock with ${title}`, () => {
    const error = errorOf(() => parseLock(text, 'package-lock.json'));
    assert.equal(error.code, 'E_LOCK_INVALID');
    assert.match(error.message, expected);
  });
}

test('merge conflicts in the lock have a hint of their own', () => {
  const text = '{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> other\n}';
  const error = errorOf(() => parseLock(text, 'package-lock.json'));
  assert.equal(error.code, 'E_LOCK_INVALID');
  assert.match(error.message, /merge conflict/);
  assert.match(error.hint ?? '', /--package-lock-only/);
});

for (const text of [
  '{"lockfileVersion":1,"dependencies":{}}',
  '{"dependencies":{}}',
  '{"lockfileVersion":4}',
]) {
  test(`refuses the unsupported lock ${text}`, () => {
    const error = errorOf(() => parseLock(text, 'package-lock.json'));
    assert.equal(error.code, 'E_LOCK_UNSUPPORTED');
    assert.match(error.hint ?? '', /--lockfile-version 3/);
  });
}

const HOSTILE = [
  '../x',
  '/x',
  'C:/x',
  '.',
  'a//b',
  'a/./b',
  'node_modules/../../x',
  'node_modules/a/../../../x',
  'node_modules\\a',
  'node_modules/a\u0000',
  '__proto__',
  'node_modules/__proto__',
  'node_modules',
  'node_modules/.bin',
  'node_modules/@scope',
  'node_modules/@/a',
  'node_modules/node_modules/a',
  `node_modules/${'a/node_modules/'.repeat(40)}b`,
  `node_modules/${'a'.repeat(2000)}`,
];

for (const location of HOSTILE) {
  test(`refuses the location ${JSON.stringify(location.slice(0, 40))}`, () => {
    const text = `{"lockfileVersion":3,"packages":{${JSON.stringify(location)}:{"version":"1.0.0"}}}`;
    assert.equal(errorOf(() => parseLock(text, 'package-lock.json')).code, 'E_LOCK_INVALID');
  });
}

test('null fields count as absent, as in npm', () => {
  const lock = parseLock(lockWith({ 'node_modules/a': { version: '1.0.0', os: null } }), 'package-lock.json');
  assert.equal(lock.packages.get('node_modules/a')?.os, undefined);
});

test('a byte order mark and unknown keys are accepted', () => {
  const lock = parseLock(`\uFEFF${lockWith({ 'packages/a': { funding: [1], version: '1.0.0' } })}`, 'x');
  assert.ok(lock.packages.has('packages/a'));
});
