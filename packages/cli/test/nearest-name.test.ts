import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from '../dist/nearest-name.js';

const NAMES = ['build', 'init', 'inspect', 'verify', 'diff', 'cache', 'ls'];

const CASES: readonly [word: string, expected: string | undefined][] = [
  ['biuld', 'build'],
  ['buil', 'build'],
  ['insepct', 'inspect'],
  ['verfiy', 'verify'],
  ['dif', 'diff'],
  ['l', 'ls'],
  ['deploy', undefined],
  ['', undefined],
];

for (const [word, expected] of CASES) {
  test(`the nearest name to "${word}" is ${expected}`, () => {
    assert.equal(nearestName(word, NAMES), expected);
  });
}
