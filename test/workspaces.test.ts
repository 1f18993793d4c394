// One app of a repository with several: it ships with the workspaces it needs and only their production dependencies, and
// what happens elsewhere in the repository does not make a new release.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { editJson, openDownloadCache, registryProblem } from './fixture-apps.js';
import { copyManagedApp, storeEnvironment } from './managed-apps.js';
import type { ManagerName } from './managed-apps.js';
import {
  isDeepRun,
  listTree,
  makeTempDir,
  runCommand,
  runJson,
  runProgram,
  withTempDir,
} from './product-harness.js';
import type { BuildReport, InstallReport } from './product-harness.js';

const skip = (await registryProblem()) ?? false;
const shared = makeTempDir();
const downloads = openDownloadCache();
after(() => {
  shared.remove();
  downloads.remove();
});
const env = { ...downloads.env, ...storeEnvironment(shared.path), SALVER_CACHE: join(shared.path, 'cache') };

function build(source: string, output: string): Promise<BuildReport> {
  return runJson<BuildReport>('salver', ['build', source, '--workspace', 'apps/web', '--output', output], {
    env,
  });
}

/** Files of the app and of the one workspace it needs; packages that ship, wherever the manager puts them. */
const SHIPPED_FILES = [
  'apps/web/package.json',
  'apps/web/server.js',
  'packages/greet/build.js',
  'packages/greet/cli.js',
  'packages/greet/dist/index.js',
  'packages/greet/package.json',
  'packages/greet/src/index.js',
];
const SHIPPED_PACKAGES = ['kleur', 'ms'];

async function buildAndRun(source: string, directory: string): Promise<BuildReport> {
  const built = await build(source, join(directory, 'out'));
  const root = join(directory, 'root');
  await runJson<InstallReport>('salver-host', ['install', built.artifact, '--root', root]);
  const current = realpathSync(join(root, 'current'));
  const web = await runCommand('node', ['server.js'], { cwd: join(current, 'apps/web') });
  assert.equal(web.stdout, 'hello web, a day has 86400000 ms function\n');

  const paths = [...listTree(current)].filter(([, { kind }]) => kind === 'file').map(([path]) => path);
  const isDependency = (path: string): boolean => path.includes('node_modules/');
  const own = paths.filter((path) => !isDependency(path) && !path.startsWith('.salver/'));
  assert.deepEqual(own, SHIPPED_FILES);
  const packages = paths.flatMap(
    (path) => /.*\/node_modules\/([^/]+)\/package\.json$/.exec(`/${path}`)?.[1] ?? [],
  );
  assert.deepEqual([...new Set(packages)].sort(), SHIPPED_PACKAGES);
  return built;
}

/** Changes of a repository that are none of the app's: other files, other dependencies, another lock. */
function changeElsewhere(source: string, manager: ManagerName | 'npm'): void {
  copyManagedApp(manager, 'monorepo-later', source);
  mkdirSync(join(source, 'packages/greet/test'), { recursive: true });
  writeFileSync(join(source, 'packages/greet/test/more.test.js'), '1;\n');
  appendFileSync(join(source, 'packages/greet/test/index.test.js'), '\n');
  appendFileSync(join(source, 'packages/unused/index.js'), '\n');
  appendFileSync(join(source, 'apps/admin/server.js'), '\n');
  writeFileSync(join(source, 'README.md'), 'new\n');
  editJson<{ scripts?: unknown; version: string }>(join(source, 'package.json'), (project) => {
    project.scripts = { lint: 'true' };
    project.version = '1.0.1';
  });
}

const MANAGERS: readonly (ManagerName | 'npm')[] = isDeepRun
  ? ['npm', 'pnpm', 'yarn-classic', 'yarn-berry', 'bun']
  : ['npm', 'pnpm'];

describe('workspaces', { concurrency: 2 }, () => {
  for (const manager of MANAGERS) {
    test(`${manager}: ships one app, and the same as long as nothing of it changes`, { skip }, async () => {
      await withTempDir(async (directory) => {
        const source = join(directory, 'source');
        copyManagedApp(manager, 'monorepo', source);
        const first = await buildAndRun(source, directory);
        assert.equal(first.name, 'web');
        changeElsewhere(source, manager);
        const second = await build(source, join(directory, 'out'));
        assert.equal(second.id, first.id);
        appendFileSync(join(source, 'packages/greet/src/index.js'), '\n');
        const third = await build(source, join(directory, 'out'));
        assert.notEqual(third.id, first.id);
      });
    });
  }

  for (const workspace of ['apps/none', 'packages']) {
    test(`refuses ${workspace}, which is no workspace`, async () => {
      await withTempDir(async (directory) => {
        const source = join(directory, 'source');
        copyManagedApp('npm', 'monorepo', source);
        const args = [
          'build',
          source,
          '--workspace',
          workspace,
          '--output',
          join(directory, 'out'),
          '--json',
        ];
        const { status, stderr } = await runProgram('salver', args, { env });
        assert.equal(status, 2);
        assert.match(stderr, /"E_USAGE"/);
      });
    });
  }
});
