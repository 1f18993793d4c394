import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestWord } from '@salver/core';

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
  test(`the nearest word to "${word}" is ${expected}`, () => {
    assert.equal(nearestWord(word, NAMES), expected);
  });
}
