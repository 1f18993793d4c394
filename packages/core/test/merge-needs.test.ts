import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeNeeds } from '@salver/core';
import type { NeedsPart } from '@salver/core';

const PARTS: readonly NeedsPart[] = [
  { needs: {} },
  {
    needs: {
      glibc: { version: '2.4', by: 'a' },
      libraries: [
        { name: 'libvips.so.42', by: 'sharp.node' },
        { name: 'libpq.so.5', by: 'z' },
      ],
      node: { napi: true },
    },
    provides: ['sharp.node'],
  },
  {
    needs: {
      glibc: { version: '2.34', by: 'c' },
      glibcxx: { version: '3.4.21', by: 'c' },
      libraries: [{ name: 'libpq.so.5', by: 'b' }],
    },
    provides: ['libvips.so.42'],
  },
  { needs: { glibc: { version: '2.34', by: 'b' } } },
];

test('the highest of each need is kept, and what another unit brings is dropped', () => {
  const expected = {
    glibc: { version: '2.34', by: 'b' },
    glibcxx: { version: '3.4.21', by: 'c' },
    libraries: [{ name: 'libpq.so.5', by: 'b' }],
    node: { napi: true },
  };
  assert.deepEqual(mergeNeeds(PARTS), expected);
  assert.deepEqual(mergeNeeds([...PARTS].reverse()), expected);
});

test('a module version outweighs Node-API, and the declared range is kept beside it', () => {
  const modules = { version: 115, by: 'x.node' };
  assert.deepEqual(
    mergeNeeds([
      { needs: { node: { napi: true } } },
      { needs: { node: { modules } } },
      { needs: { node: { modules: { version: 108, by: 'a.node' } } } },
      { needs: { node: { range: '>=20' } } },
    ]).node,
    { range: '>=20', modules },
  );
});

test('no parts, no needs', () => {
  assert.deepEqual(mergeNeeds([]), {});
  assert.deepEqual(mergeNeeds([{ needs: { libraries: [] } }]), {});
});
