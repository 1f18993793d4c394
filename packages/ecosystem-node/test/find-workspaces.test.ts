import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findWorkspaces } from '../dist/find-workspaces.js';
import { withFiles } from './project-double.js';

const FILES = {
  'apps/web/package.json': '{"name":"web"}',
  'packages/a/package.json': '{"name":"@s/a"}',
  'packages/b/package.json': '{}',
  'packages/empty/readme.md': '',
  'packages/a/node_modules/x/package.json': '{"name":"x"}',
  'packages/deep/er/package.json': '{"name":"deeper"}',
};

const CASES: readonly (readonly [workspaces: unknown, expected: Readonly<Record<string, string>>])[] = [
  [undefined, {}],
  [[], {}],
  [['apps/web'], { web: 'apps/web' }],
  [['./apps/web/'], { web: 'apps/web' }],
  [{ packages: ['apps/*'] }, { web: 'apps/web' }],
  [['packages/*'], { '@s/a': 'packages/a', b: 'packages/b' }],
  [['packages/**'], { '@s/a': 'packages/a', b: 'packages/b', deeper: 'packages/deep/er' }],
  [['{apps,packages}/*', '!packages/b'], { web: 'apps/web', '@s/a': 'packages/a' }],
  [['!packages/b', 'packages/b'], { b: 'packages/b' }],
  [['nowhere', '../outside', 'packages/empty'], {}],
];

for (const [workspaces, expected] of CASES) {
  test(`workspaces ${JSON.stringify(workspaces)}`, async () => {
    await withFiles(FILES, async (directory) => {
      const manifest = workspaces === undefined ? {} : { workspaces };
      assert.deepEqual(Object.fromEntries(await findWorkspaces(directory, manifest)), expected);
    });
  });
}

test('refuses two workspaces of one name and a field of the wrong shape', async () => {
  const files = { 'a/package.json': '{"name":"x"}', 'b/package.json': '{"name":"x"}' };
  await withFiles(files, async (directory) => {
    await assert.rejects(findWorkspaces(directory, { workspaces: ['a', 'b'] }), { code: 'E_CONFIG_INVALID' });
    await assert.rejects(findWorkspaces(directory, { workspaces: 'a' }), { code: 'E_CONFIG_INVALID' });
  });
});
