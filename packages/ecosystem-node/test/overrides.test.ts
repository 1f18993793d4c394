import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, planOf } from './project-double.js';
import type { Json, ProjectDouble } from './project-double.js';

/** app -> a -> b; `b` is what the overrides are about. */
function chain(overrides: Json, b: string, direct: Json = {}): ProjectDouble {
  return {
    manifest: { name: 'app', dependencies: { a: '1', ...direct }, overrides },
    packages: {
      'node_modules/a': entry('1.0.0', { dependencies: { b: '^1.0.0' } }),
      'node_modules/b': entry(b),
    },
  };
}

const FITS: readonly (readonly [title: string, project: ProjectDouble])[] = [
  ['a plain override', chain({ b: '2.0.0' }, '2.0.0')],
  ['an override with a dot', chain({ b: { '.': '2.0.0' } }, '2.0.0')],
  ['a nested override', chain({ a: { b: '2.0.0' } }, '2.0.0')],
  ['a nested override for a version', chain({ 'a@1': { b: '2.0.0' } }, '2.0.0')],
  ['an override of a range it intersects', chain({ 'b@^1.4.0': '2.0.0' }, '2.0.0')],
  ['a version left alone by an override for others', chain({ 'b@1.5.0': '2.0.0' }, '1.6.0')],
  ['a reference', chain({ b: '$b' }, '2.0.0', { b: '2.0.0' })],
  ['an override of nobody', chain({ zzz: '9' }, '1.0.0')],
  ['an override to an alias', chain({ b: 'npm:c@3' }, '3.0.0')],
];

for (const [title, project] of FITS) {
  test(`overrides: ${title} is in sync`, async () => {
    assert.ok(await planOf(project));
  });
}

const REFUSED: readonly (readonly [title: string, project: ProjectDouble, code: string])[] = [
  ['a version from before the override', chain({ b: '2.0.0' }, '1.0.0'), 'E_LOCK_OUT_OF_SYNC'],
  ['a nested rule for another parent', chain({ other: { b: '2.0.0' } }, '2.0.0'), 'E_LOCK_OUT_OF_SYNC'],
  [
    'a nested rule for another version of the parent',
    chain({ 'a@2': { b: '2.0.0' } }, '2.0.0'),
    'E_LOCK_OUT_OF_SYNC',
  ],
  ['the very version a rule replaces', chain({ 'b@1.5.0': '2.0.0' }, '1.5.0'), 'E_LOCK_OUT_OF_SYNC'],
  ['an override against a direct dependency', chain({ b: '2.0.0' }, '2.0.0', { b: '1' }), 'E_CONFIG_INVALID'],
  ['a reference to nothing', chain({ b: '$c' }, '2.0.0'), 'E_CONFIG_INVALID'],
  ['a value that is a number', chain({ b: 2 }, '2.0.0'), 'E_CONFIG_INVALID'],
];

for (const [title, project, code] of REFUSED) {
  test(`overrides: ${title} is refused`, async () => {
    await assert.rejects(planOf(project), { code });
  });
}

test('the more specific rule holds where a package is reached in two ways', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1', c: '1' }, overrides: { a: { d: '2.0.0' } } },
    packages: {
      'node_modules/a': entry('1.0.0', { dependencies: { b: '1', c: '1' } }),
      'node_modules/b': entry('1.0.0', { dependencies: { d: '^1' } }),
      'node_modules/c': entry('1.0.0', { dependencies: { b: '1' } }),
      'node_modules/d': entry('2.0.0'),
    },
  });
  assert.equal(plan.packages.length, 4);
});
