import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { listSource } from '../dist/list-source.js';
import { toPackEntry } from '../dist/source-file.js';
import { options } from './source-options.js';
import { tempDir, writeTree } from './temp-tree.js';

for (const [name, change] of [
  ['longer', (path: string) => writeFileSync(path, 'longer than it was')],
  ['other bytes of the same length', (path: string) => writeFileSync(path, 'TEXT')],
  ['gone', (path: string) => rmSync(path)],
  ['a link', (path: string) => (rmSync(path), symlinkSync('package.json', path))],
] as const) {
  test(`a file that becomes ${name} after it was listed gives E_BUILD_INPUT_CHANGED`, async (t) => {
    const root = tempDir(t);
    writeTree(root, { 'package.json': '{}', 'a.txt': 'text' });
    const file = (await listSource(options(root))).find(({ path }) => path === 'a.txt');
    assert.ok(file);
    const entry = toPackEntry(file);
    assert.equal(Buffer.from(entry.readSync(1, 2)).toString(), 'ex');
    change(join(root, 'a.txt'));
    assert.throws(
      () => entry.readSync(0, 4),
      (error) => isSalverError(error, 'E_BUILD_INPUT_CHANGED'),
    );
  });
}
