import assert from 'node:assert/strict';
import { test } from 'node:test';
import { supportedTags } from '../dist/wheel-tags.js';
import { readOracle } from './oracle.js';

interface TagOracle {
  readonly platforms: readonly {
    readonly name: string;
    readonly minor: number;
    readonly freeThreaded: boolean;
    readonly machine: string;
    readonly libc: readonly ['glibc' | 'musl', number, number];
    readonly tags: readonly string[];
  }[];
}

for (const { name, tags, libc, ...platform } of readOracle<TagOracle>('tags.json').platforms) {
  test(`lists the tags of ${name} as packaging does`, () => {
    const [family, major, minor] = libc;
    assert.deepEqual(supportedTags({ ...platform, libc: { family, major, minor } }), tags);
  });
}
