import assert from 'node:assert/strict';
import { test } from 'node:test';
import { padEnd, padStart, textWidth, truncate } from '../dist/text-width.js';

test('wide characters take two columns, combining ones none', () => {
  const cases: readonly [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['größe', 5],
    ['e\u0301', 1],
    ['日本', 4],
    ['한글', 4],
    ['📦 a', 4],
    ['█░', 2],
  ];
  for (const [text, width] of cases) assert.equal(textWidth(text), width, text);
});

test('a text is cut so that it never takes more columns than there are', () => {
  assert.equal(truncate('abcdef', 6), 'abcdef');
  assert.equal(truncate('abcdef', 5), 'abcd…');
  assert.equal(truncate('日本語', 5), '日本…');
  assert.equal(truncate('日本語', 4), '日…');
  assert.equal(truncate('abc', 1), '…');
  assert.equal(truncate('abc', 0), '');
  for (let columns = 0; columns < 12; columns += 1) {
    assert.ok(textWidth(truncate('a日b本c語', columns)) <= columns);
  }
});

test('padding counts columns, not characters', () => {
  assert.equal(padEnd('日', 4), '日  ');
  assert.equal(padStart('日', 4), '  日');
  assert.equal(padEnd('abc', 2), 'abc');
});
