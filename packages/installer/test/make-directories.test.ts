// Directories, whatever is there already.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectories } from '../dist/make-directories.js';
import { makeTempDir } from './test-root.js';

test('makes what is missing and leaves what is there', (context) => {
  const path = join(makeTempDir(context), 'a/b/c');
  makeDirectories(path);
  makeDirectories(path);
  assert.ok(existsSync(path));
});

test('says what is in the way', (context) => {
  const file = join(makeTempDir(context), 'file');
  writeFileSync(file, '');
  assert.throws(() => makeDirectories(file), { code: 'EEXIST' });
  assert.throws(() => makeDirectories(join(file, 'a/b')), { code: 'ENOTDIR' });
});

test('passes on why a directory cannot be made, which is not that something above it is missing', () => {
  // Nobody can make a directory there, root included; Node says ENOENT.
  assert.throws(() => makeDirectories('/proc/salver/a'), { code: 'ENOENT', path: '/proc/salver' });
});
