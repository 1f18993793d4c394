import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@salver/builder';
import { tempDir, writeTree } from './temp-tree.js';

const CASES: readonly (readonly [
  title: string,
  files: Readonly<Record<string, string>>,
  name: string,
  version: string,
])[] = [
  [
    'pyproject.toml alone',
    { 'pyproject.toml': '[project]\nname = "My_Shop"\nversion = "2.1.0rc1"\n' },
    'my_shop',
    '2.1.0rc1',
  ],
  [
    'a dynamic version',
    { 'pyproject.toml': '[project]\nname = "shop"\ndynamic = ["version"]\n' },
    'shop',
    '0.0.0',
  ],
  ['settings of tools only', { 'pyproject.toml': '[tool.ruff]\nline-length = 100\n' }, 'app', '0.0.0'],
  [
    'package.json with a name first',
    { 'package.json': '{"name": "front"}', 'pyproject.toml': '[project]\nname = "shop"\n' },
    'front',
    '0.0.0',
  ],
  [
    'package.json without a name',
    { 'package.json': '{}', 'pyproject.toml': '[project]\nname = "shop"\n' },
    'shop',
    '0.0.0',
  ],
  [
    'salver.json before all',
    { 'salver.json': '{"name": "own"}', 'pyproject.toml': '[project]\nname = "shop"\nversion = "1"\n' },
    'own',
    '1',
  ],
];

for (const [title, files, name, version] of CASES) {
  test(`takes name and version from ${title}`, (t) => {
    const directory = tempDir(t);
    writeTree(directory, files);
    const config = loadConfig(directory);
    assert.deepEqual([config.name, config.version], [name, version]);
  });
}

test('says what is wrong with a pyproject.toml that is no TOML', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'pyproject.toml': '[project' });
  assert.throws(() => loadConfig(directory), {
    code: 'E_CONFIG_INVALID',
    message: /pyproject\.toml is not TOML/,
  });
});
