import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions } from '@salver/core';

test('versions are ordered part by part as numbers, missing parts counting as 0', () => {
  const ascending = ['1', '2.2', '2.2.5', '2.4', '2.17', '2.34', '3.4.9', '3.4.30'];
  for (const [index, version] of ascending.entries()) {
    for (const [other, second] of ascending.entries()) {
      assert.equal(
        Math.sign(compareVersions(version, second)),
        Math.sign(index - other),
        `${version} ${second}`,
      );
    }
  }
  assert.equal(compareVersions('2.3', '2.3.0'), 0);
});
