import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { initConfig, loadConfig } from '@salver/builder';
import { tempDir, writeTree } from './temp-tree.js';

const MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n';

test('knows how a Django project is started, and what its settings need at build', (t) => {
  const directory = tempDir(t);
  writeTree(directory, { 'manage.py': MANAGE, 'uv.lock': '' });
  const written = JSON.parse(readFileSync(initConfig(directory), 'utf8')) as Record<string, unknown>;
  assert.equal(written['start'], 'gunicorn shop.wsgi');
  const { host, python } = loadConfig(directory);
  assert.deepEqual(host.env, { SECRET_KEY: { required: true } });
  assert.deepEqual(python.django?.buildEnv, { SECRET_KEY: 'build-only' });
});

for (const [start, files] of [
  ['python main.py', { 'requirements.txt': '' }],
  ['node server.js', { 'package.json': '{}', 'pyproject.toml': '' }],
  ['node server.js', {}],
] as const) {
  test(`starts ${Object.keys(files).join(' and ') || 'an empty project'} with ${start}`, (t) => {
    const directory = tempDir(t);
    writeTree(directory, files);
    initConfig(directory);
    assert.equal(loadConfig(directory).host.start, start);
  });
}
