import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTarget } from '@salver/core';
import { compiledKey } from '../dist/compiled-key.js';
import type { CompiledKeyInput } from '../dist/compiled-key.js';

const INPUT: CompiledKeyInput = {
  integrity: 'sha256-AAAA',
  subdirectory: undefined,
  tools: [
    ['setuptools', '80.9.0', 'a'],
    ['wheel', '0.45.1', 'b'],
  ],
  interpreter: {
    path: '/usr/bin/python3.11',
    version: '3.11',
    fullVersion: '3.11.2',
    soabi: 'cpython-311-x86_64-linux-gnu',
    magic: 'a70d0d0a',
    freeThreaded: false,
    machine: 'x86_64',
    variables: {},
  },
  target: parseTarget('linux-x64-glibc'),
  compilers: { CC: 'cc 12', CXX: 'c++ 12' },
  variables: { CFLAGS: '-g0' },
};
const { interpreter } = INPUT;

const SAME: Readonly<Record<string, Partial<CompiledKeyInput>>> = {
  'tools in another order': { tools: [...INPUT.tools].reverse() },
  'another patch version': { interpreter: { ...interpreter, fullVersion: '3.11.9' } },
};
const OTHER: Readonly<Record<string, Partial<CompiledKeyInput>>> = {
  'another source': { integrity: 'sha256-BBBB' },
  'another tool': { tools: [['setuptools', '80.9.0', 'c']] },
  'Python at another place': { interpreter: { ...interpreter, path: '/opt/python/bin/python3.11' } },
  'another compiler': { compilers: { CC: 'cc 13', CXX: 'c++ 12' } },
  'another flag': { variables: { CFLAGS: '-g0 -O3' } },
};

for (const [title, change] of Object.entries(SAME)) {
  test(`${title}: the same key`, () =>
    assert.equal(compiledKey({ ...INPUT, ...change }), compiledKey(INPUT)));
}
for (const [title, change] of Object.entries(OTHER)) {
  test(`${title}: another key`, () =>
    assert.notEqual(compiledKey({ ...INPUT, ...change }), compiledKey(INPUT)));
}
