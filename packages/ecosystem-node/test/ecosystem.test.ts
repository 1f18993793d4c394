import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSalverError } from '@salver/core';
import { createNpmEcosystem } from '../dist/index.js';
import { withContext } from './context-double.js';
import { writeNpmProject } from './npm-project-double.js';
import type { NpmProjectDouble } from './npm-project-double.js';

test('is responsible for a project with a lock, or with a package.json alone', () =>
  withContext(async (context) => {
    const { projectDir } = context;
    const npm = createNpmEcosystem();
    assert.equal(await npm.detect(context), undefined);
    await writeFile(join(projectDir, 'package.json'), '{}');
    assert.equal(await npm.detect(context), 'package.json');
    await writeFile(join(projectDir, 'package-lock.json'), '{}');
    assert.equal(await npm.detect(context), 'package-lock.json');
    await writeFile(join(projectDir, 'npm-shrinkwrap.json'), '{}');
    assert.equal(await npm.detect(context), 'npm-shrinkwrap.json');
  }));

test('says that the lock is missing', () =>
  withContext(async (context) => {
    await writeFile(join(context.projectDir, 'package.json'), '{}');
    await assert.rejects(createNpmEcosystem().plan(context), (error) =>
      isSalverError(error, 'E_LOCK_MISSING'),
    );
  }));

const WORKSPACE: NpmProjectDouble = {
  packages: [],
  manifest: { workspaces: ['ws'] },
  lockPackages: { 'node_modules/ws': { resolved: 'ws', link: true }, ws: { version: '1.0.0' } },
};

const LIFECYCLE: readonly {
  readonly name: string;
  readonly project: NpmProjectDouble;
  readonly expected: boolean;
}[] = [
  { name: 'no scripts', project: { packages: [] }, expected: false },
  {
    name: 'only a build script',
    project: { packages: [], manifest: { scripts: { build: 'x' } } },
    expected: false,
  },
  {
    name: 'a prepare script',
    project: { packages: [], manifest: { scripts: { prepare: 'x' } } },
    expected: true,
  },
  { name: 'a binding.gyp', project: { packages: [], files: { 'binding.gyp': '{}' } }, expected: true },
  {
    name: 'a workspace with a prepare script',
    project: {
      ...WORKSPACE,
      files: { 'ws/package.json': '{"name":"ws","version":"1.0.0","scripts":{"prepare":"x"}}' },
    },
    expected: true,
  },
  {
    name: 'scripts that .npmrc ignores',
    project: {
      packages: [],
      manifest: { scripts: { prepare: 'x' } },
      files: { '.npmrc': 'ignore-scripts=true\n' },
    },
    expected: false,
  },
];

for (const { name, project, expected } of LIFECYCLE) {
  test(`${expected ? 'finds' : 'finds no'} lifecycle scripts in a project with ${name}`, () =>
    withContext(async (context) => {
      await mkdir(context.projectDir, { recursive: true });
      await writeNpmProject(context.projectDir, project);
      assert.equal((await createNpmEcosystem().plan(context)).hasLifecycle, expected);
    }));
}

test('builds with `npm run build` where the project has that script', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, {
      packages: [],
      manifest: { scripts: { build: 'tsc' }, engines: { node: '>=18' } },
    });
    const plan = await createNpmEcosystem().plan(context);
    assert.deepEqual(plan.defaultBuild, ['npm run build']);
    assert.deepEqual(plan.ownedDirectories, ['node_modules']);
    const collected = await plan.collectUnits();
    assert.deepEqual(collected.needs, { node: { range: '>=18' } });
    assert.deepEqual(collected.units, []);
  }));

test('names the bins of workspaces, which npm makes executable', async () => {
  const projectDir = fileURLToPath(new URL('../../../fixtures/locks/workspaces', import.meta.url));
  await withContext(async (context) => {
    const plan = await createNpmEcosystem().plan({ ...context, projectDir });
    const expected = ['local/greeter/bin/cli.js', 'packages/core/cli.js', 'packages/tool/cli.js'];
    assert.deepEqual([...plan.executablePaths].sort(), expected);
  });
});
