import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { EcosystemPlan } from '@salver/core';
import { loadConfig } from '../dist/load-config.js';
import { relocateConfig, workspaceDirectory, workspaceScope } from '../dist/workspace-scope.js';

const top = mkdtempSync(join(tmpdir(), 'salver-scope-'));
after(() => rmSync(top, { recursive: true, force: true }));

function writePackage(directory: string, manifest: object): void {
  mkdirSync(join(top, directory), { recursive: true });
  writeFileSync(join(top, directory, 'package.json'), JSON.stringify(manifest));
}

writePackage('apps/web', {
  name: 'web',
  salver: {
    start: 'node server.js',
    shared: ['uploads'],
    files: { exclude: ['docs/**'] },
    hooks: {
      migrate: 'npm run migrate',
      check: 'http://127.0.0.1:3000/',
      cleanup: { run: 'true', timeout: '5s' },
    },
  },
});
writePackage('packages/plain', { main: 'test/really.js' });
writePackage('packages/listed', {
  files: ['dist', '!dist/**/*.map', 'lib/*.js'],
  main: './index.js',
  bin: { a: 'bin/a.js' },
});
writePackage('packages/all', { files: ['.', '!/docs/'] });
writePackage('packages/other', {});

const plan = {
  workspaces: ['apps/web', 'packages/plain', 'packages/listed', 'packages/all'],
} as unknown as EcosystemPlan;
const scope = workspaceScope({
  projectDir: top,
  directory: 'apps/web',
  plans: [plan],
  include: ['shared/config', 'apps/web/dist'],
});

const PATHS: readonly (readonly [string, boolean])[] = [
  ['package.json', false],
  ['package-lock.json', false],
  ['shared/config/a.json', true],
  ['shared/other.json', false],
  ['apps/web/server.js', true],
  ['apps/web/test/server.test.js', true],
  ['apps/web-other/server.js', false],
  ['packages/other/index.js', false],
  ['packages/plain/package.json', true],
  ['packages/plain/src/index.js', true],
  ['packages/plain/src/testing.js', true],
  ['packages/plain/src/index.test.ts', false],
  ['packages/plain/src/index.spec.js', false],
  ['packages/plain/src/__tests__/a.js', false],
  ['packages/plain/test/a.js', false],
  ['packages/plain/test/really.js', true],
  ['packages/all/test/a.js', true],
  ['packages/all/docs/a.md', false],
  ['packages/listed/package.json', true],
  ['packages/listed/index.js', true],
  ['packages/listed/bin/a.js', true],
  ['packages/listed/dist/a/b.js', true],
  ['packages/listed/dist/a/b.js.map', false],
  ['packages/listed/lib/a.js', true],
  ['packages/listed/lib/a.ts', false],
  ['packages/listed/src/a.js', false],
];

for (const [path, ships] of PATHS) {
  test(`${path} ${ships ? 'ships' : 'does not ship'}`, () => assert.equal(scope.ships(path), ships));
}

test('paths and commands of the app lie in its directory', () => {
  const config = relocateConfig(loadConfig(join(top, 'apps/web')), 'apps/web');
  assert.equal(config.name, 'web');
  assert.deepEqual(config.files, { include: [], exclude: ['apps/web/docs/**'] });
  assert.deepEqual(config.host, {
    start: 'cd apps/web && node server.js',
    shared: ['apps/web/uploads'],
    hooks: {
      migrate: { run: 'cd apps/web && npm run migrate' },
      check: { http: 'http://127.0.0.1:3000/' },
      cleanup: { run: 'cd apps/web && true', timeout: '5s' },
    },
  });
});

for (const given of ['apps/web', './apps/web/', 'apps//web']) {
  test(`takes ${given}`, () => assert.equal(workspaceDirectory(top, given), 'apps/web'));
}

for (const given of ['.', '', '..', '../x', '/apps/web', 'apps/nothing', 'apps/web/../../..']) {
  test(`refuses ${JSON.stringify(given)}`, () => {
    assert.throws(
      () => workspaceDirectory(top, given),
      (error) => isSalverError(error, 'E_USAGE'),
    );
  });
}
