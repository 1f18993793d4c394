import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHead } from '@salver/core';
import { makeArtifact, memorySource } from '@salver/testing';

test('makes an artifact that core reads', async () => {
  const made = await makeArtifact(
    { 'server.js': 'x', 'node_modules/a/index.js': 'a', 'bin/run': { data: '#!', executable: true } },
    { version: '2.0.0', unitPaths: ['node_modules/a'] },
  );
  const head = readHead(memorySource(made.bytes));
  assert.equal(head.id, made.id);
  assert.equal(head.manifest.version, '2.0.0');
  assert.deepEqual(
    head.manifest.units.map(({ kind, path, entries }) => ({ kind, path, entries })),
    [
      { kind: 'npm', path: 'node_modules/a', entries: 2 },
      { kind: 'app', path: '', entries: 4 },
    ],
  );
});

test('the same content gives the same bytes', async () => {
  const files = { a: '1', b: '2' };
  assert.deepEqual((await makeArtifact(files)).bytes, (await makeArtifact(files)).bytes);
});
