import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntryPoints } from '../dist/launcher.js';

test('finds the programs of a wheel', () => {
  const text = `
# comment
[console_scripts]
one = pkg.module:main
two=pkg:Class.method [extra1, extra2]
[gui_scripts]
three : pkg : main
[other.group]
four = nothing
`;
  assert.deepEqual(
    parseEntryPoints(text, 'x.whl').map(({ name, module, attribute }) => `${name} ${module} ${attribute}`),
    ['one pkg.module main', 'two pkg Class.method', 'three pkg main'],
  );
});

for (const line of [
  '../x = a:b',
  'a/b = c:d',
  'x = a; import os:b',
  'x = a:b(',
  'x = a',
  '= a:b',
  'x y = a:b',
]) {
  test(`refuses ${line}`, () => {
    assert.throws(() => parseEntryPoints(`[console_scripts]\n${line}\n`, 'x.whl'), {
      code: 'E_WHEEL_DAMAGED',
    });
  });
}
