import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listBuilt } from '../dist/list-source.js';
import { options } from './source-options.js';
import { tempDir, writeTree } from './temp-tree.js';

test('what a build leaves ships: ignored output and empty directories, not caches, dependencies or .salverignored files', (t) => {
  const root = tempDir(t);
  writeTree(root, {
    'package.json': '{}',
    '.gitignore': 'dist/\n',
    '.salverignore': '*.map\n',
    'dist/a.js': '',
    'dist/a.js.map': '',
    '.next/server/x.js': '',
    '.next/cache/y': '',
    'node_modules/a/index.js': '',
    'tool.tsbuildinfo': '',
    'kept.tsbuildinfo': '',
    '.eslintcache': '',
    'src/.cache/z': '',
    '.git/config': '',
  });
  mkdirSync(join(root, 'uploads/empty'), { recursive: true });
  const listed = listBuilt(options(root), new Set(['package.json', 'kept.tsbuildinfo']));
  assert.deepEqual(
    listed.map((file) => file.path),
    [
      '.gitignore',
      '.next/server/x.js',
      '.salverignore',
      'dist/a.js',
      'kept.tsbuildinfo',
      'package.json',
      'uploads/empty',
    ],
  );
});
