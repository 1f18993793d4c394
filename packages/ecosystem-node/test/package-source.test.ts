import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PackageSource } from '../dist/install-plan.js';
import { entry, planOf } from './project-double.js';
import type { Json, ProjectDouble } from './project-double.js';

const SHA = 'ABCDEF0123'.repeat(4);
const TGZ = 'https://r.test/a/-/a-1.0.0.tgz';

function one(spec: string, locked: Json): ProjectDouble {
  return { manifest: { name: 'app', dependencies: { a: spec } }, packages: { 'node_modules/a': locked } };
}

const SOURCES: readonly (readonly [title: string, project: ProjectDouble, source: PackageSource])[] = [
  ['a registry tarball', one('1', entry('1.0.0', { resolved: TGZ })), { kind: 'registry', url: TGZ }],
  ['no resolved', one('1', entry('1.0.0')), { kind: 'registry' }],
  ['an alias', one('npm:b@1', entry('1.0.0', { resolved: TGZ })), { kind: 'registry', url: TGZ }],
  ['a URL', one(TGZ, entry('1.0.0', { resolved: TGZ })), { kind: 'remote', url: TGZ }],
  [
    'a tarball file',
    one('file:./v/a.tgz', entry('1.0.0', { resolved: 'file:v/a.tgz' })),
    { kind: 'file', path: 'v/a.tgz' },
  ],
  [
    'a git commit',
    one('git+https://g.test/a.git', { version: '1.0.0', resolved: `git+https://g.test/a.git#${SHA}` }),
    { kind: 'git', url: `git+https://g.test/a.git#${SHA}`, commit: SHA.toLowerCase() },
  ],
];

for (const [title, project, source] of SOURCES) {
  test(`source: ${title}`, async () => {
    assert.deepEqual((await planOf(project)).packages[0]?.source, source);
  });
}

test('bundled packages belong to the nearest package that is not bundled itself', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: {
      'node_modules/a': entry('1.0.0', { bundleDependencies: ['b'], dependencies: { b: '1' } }),
      'node_modules/a/node_modules/b': { version: '1.0.0', inBundle: true, dependencies: { c: '1' } },
      'node_modules/a/node_modules/b/node_modules/c': { version: '1.0.0', inBundle: true },
    },
  });
  const owners = plan.packages.map(({ source }) => (source.kind === 'bundled' ? source.owner : source.kind));
  assert.deepEqual(owners, ['registry', 'node_modules/a', 'node_modules/a']);
});

test('what the project itself bundles is fetched like any other', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' }, bundleDependencies: ['a'] },
    packages: { 'node_modules/a': entry('1.0.0', { inBundle: true, resolved: TGZ }) },
  });
  assert.deepEqual(plan.packages[0]?.source, { kind: 'registry', url: TGZ });
});

const REFUSED: readonly (readonly [title: string, project: ProjectDouble, code: string])[] = [
  [
    'a git dependency without commit',
    one('git+https://g.test/a.git', { version: '1.0.0', resolved: 'git+https://g.test/a.git' }),
    'E_LOCK_INVALID',
  ],
  [
    'a git dependency at a branch',
    one('git+https://g.test/a.git#main', { version: '1.0.0', resolved: 'git+https://g.test/a.git#main' }),
    'E_LOCK_INVALID',
  ],
  ['nothing to fetch', one('*', {}), 'E_LOCK_INVALID'],
  ['an unknown protocol', one('1', entry('1.0.0', { resolved: 'ftp://x/a.tgz' })), 'E_LOCK_INVALID'],
  ['a file outside the project', one('1', entry('1.0.0', { resolved: 'file:../a.tgz' })), 'E_LOCK_INVALID'],
  ['a copied directory', one('1', entry('1.0.0', { resolved: 'file:lib/a' })), 'E_LOCK_UNSUPPORTED'],
  ['a shrinkwrap of its own', one('1', entry('1.0.0', { hasShrinkwrap: true })), 'E_LOCK_UNSUPPORTED'],
  ['a link out of the project', one('*', { link: true, resolved: '../shared' }), 'E_LOCK_INVALID'],
  ['a link to nowhere', one('*', { link: true, resolved: 'gone' }), 'E_LOCK_INVALID'],
];

for (const [title, project, code] of REFUSED) {
  test(`refuses ${title}`, async () => {
    await assert.rejects(planOf(project), { code });
  });
}
