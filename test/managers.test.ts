// Apps of pnpm, yarn 1, yarn with node_modules and bun: what ships is what the manager itself leaves, it runs, it is the
// same wherever it is built, and a second build starts no manager.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { editJson, openDownloadCache, registryProblem } from './fixture-apps.js';
import {
  MANAGERS,
  copyManagedApp,
  fetchManager,
  isInNodeModules,
  lockOf,
  storeEnvironment,
  unexplained,
} from './managed-apps.js';
import type { ManagerName, ManagerTool } from './managed-apps.js';
import {
  buildApp,
  describeEnd,
  diffTrees,
  isDeepRun,
  listTree,
  makeTempDir,
  runCommand,
  runJson,
  runProgram,
  withTempDir,
} from './product-harness.js';
import type { InstallReport } from './product-harness.js';

const skip = (await registryProblem()) ?? false;
const shared = makeTempDir();
const downloads = openDownloadCache();
after(() => {
  shared.remove();
  downloads.remove();
});
const stores = { ...downloads.env, ...storeEnvironment(shared.path) };

const SMOKE_OUTPUT: Readonly<Record<'web' | 'addons', string>> = {
  web: '{"nodes":1}\nFile\n',
  addons: '1f2b539a true true\n',
};

const tools = new Map<ManagerName, Promise<ManagerTool>>();
function toolOf(manager: ManagerName): Promise<ManagerTool> {
  const tool = tools.get(manager) ?? fetchManager(manager, join(shared.path, 'tools'));
  tools.set(manager, tool);
  return tool;
}

/** One Salver cache for all builds that do not need their own: the fetched managers lie in it. */
const env = { ...stores, SALVER_CACHE: join(shared.path, 'cache') };

// Much of the time goes by waiting for the registry: two managers are tested at a time.
describe('managers', { concurrency: 2 }, () => {
  for (const manager of MANAGERS) describe(manager, { concurrency: 1 }, () => testManager(manager));
});

function testManager(manager: ManagerName): void {
  // The second app of each has native code; the deep run builds both.
  for (const app of isDeepRun ? (['web', 'addons'] as const) : (['web'] as const)) {
    test(`${app}: ships what the manager leaves, and runs`, { skip }, async () => {
      await withTempDir(async (directory) => {
        const source = join(directory, 'source');
        copyManagedApp(manager, app, source);
        const built = await buildApp(source, join(directory, 'out'), { env });
        const root = join(directory, 'root');
        await runJson<InstallReport>('salver-host', ['install', built.artifact, '--root', root]);
        const current = realpathSync(join(root, 'current'));
        const { stdout } = await runCommand('node', ['smoke.js'], { cwd: current });
        assert.equal(stdout, SMOKE_OUTPUT[app]);

        const plain = join(directory, 'plain');
        copyManagedApp(manager, app, plain);
        await (await toolOf(manager)).installProduction(plain, stores);
        const differences = diffTrees(listTree(plain, isInNodeModules), listTree(current, isInNodeModules));
        assert.deepEqual(unexplained(manager, differences), []);
      });
    });
  }

  test(`the same id from another place, cache and origin of the manager`, { skip }, async () => {
    await withTempDir(async (directory) => {
      const [one, two] = [join(directory, 'one'), join(directory, 'somewhere', 'else')];
      const app = isDeepRun ? 'addons' : 'web';
      copyManagedApp(manager, app, one);
      copyManagedApp(manager, app, two);
      const first = await buildApp(one, join(directory, 'out1'), { env });
      const { binDir } = await toolOf(manager);
      const second = await buildApp(two, join(directory, 'out2'), {
        env: { ...stores, SALVER_CACHE: join(directory, 'cache'), PATH: `${binDir}:${process.env['PATH']}` },
      });
      assert.equal(second.id, first.id);
    });
  });

  test(`a second build of a new version starts no manager`, { skip }, async () => {
    await withTempDir(async (directory) => {
      const source = join(directory, 'source');
      copyManagedApp(manager, 'web', source);
      const args = ['build', source, '--output', join(directory, 'out')];
      const first = await runProgram('salver', args, { env });
      assert.equal(first.status, 0, describeEnd(first));
      editJson<{ version: string }>(join(source, 'package.json'), (project) => {
        project.version = '1.0.1';
      });
      const offline = { ...env, npm_config_registry: 'http://127.0.0.1:9/' };
      const second = await runProgram('salver', [...args, '--offline'], { env: offline });
      assert.equal(second.status, 0, describeEnd(second));
      assert.doesNotMatch(second.stderr, /installing with|fetching/);
    });
  });

  for (const { name, code, spoil } of refusals(manager)) {
    test(name, { skip }, async () => {
      await withTempDir(async (directory) => {
        const source = join(directory, 'source');
        copyManagedApp(manager, 'web', source);
        spoil(source);
        const args = ['build', source, '--output', join(directory, 'out'), '--json'];
        const result = await runProgram('salver', args, { env });
        const error = JSON.parse(result.stderr.trimEnd().split('\n').at(-1) ?? '') as {
          readonly code: string;
          readonly hint: string | null;
        };
        assert.equal(error.code, code, describeEnd(result));
        assert.ok(error.hint !== null && error.hint !== '');
      });
    });
  }
}

test('without a pin: what PATH has, with a warning, or a clear refusal', { skip }, async () => {
  await withTempDir(async (directory) => {
    const source = join(directory, 'source');
    copyManagedApp('yarn-classic', 'web', source);
    editJson<{ packageManager?: string }>(join(source, 'package.json'), (project) => {
      delete project.packageManager;
    });
    const args = ['build', source, '--output', join(directory, 'out')];
    const { binDir } = await toolOf('yarn-classic');
    const withTool = { ...env, PATH: `${binDir}:${process.env['PATH']}` };
    const built = await runProgram('salver', args, { env: withTool });
    assert.equal(built.status, 0, describeEnd(built));
    assert.match(built.stderr, /warning: package\.json does not pin yarn: using 1\.22\.22 from PATH/);
    const tools = join(directory, 'tools');
    mkdirSync(tools);
    symlinkSync(process.execPath, join(tools, 'node'));
    const refused = await runProgram('salver', args, { env: { ...env, PATH: `${tools}:/bin` } });
    assert.match(refused.stderr, /yarn is not on PATH, and package\.json does not pin it \[E_TOOL_MISSING\]/);
  });
});

interface Refusal {
  readonly name: string;
  readonly code: string;
  readonly spoil: (appDir: string) => void;
}

function refusals(manager: ManagerName): readonly Refusal[] {
  const lock = lockOf(manager);
  return [
    {
      name: 'refuses a lock that is out of step',
      code: 'E_LOCK_OUT_OF_SYNC',
      spoil: (appDir) =>
        editJson<{ dependencies: Record<string, string> }>(join(appDir, 'package.json'), (project) => {
          project.dependencies['kleur'] = '4.1.5';
        }),
    },
    {
      name: 'refuses a lock that is cut off',
      code: 'E_LOCK_INVALID',
      spoil: (appDir) =>
        writeFileSync(join(appDir, lock), readFileSync(join(appDir, lock), 'utf8').slice(0, 3000)),
    },
    {
      name: 'refuses a lock with conflict markers',
      code: 'E_LOCK_INVALID',
      spoil: (appDir) => writeFileSync(join(appDir, lock), '<<<<<<< HEAD\n=======\n>>>>>>> topic\n'),
    },
    // The program of bun is in another package than the one that a hash would be of.
    ...(manager === 'bun'
      ? []
      : [
          {
            name: 'refuses a manager that does not have the pinned hash',
            code: 'E_INTEGRITY_MISMATCH',
            spoil: (appDir: string) =>
              editJson<{ packageManager: string }>(join(appDir, 'package.json'), (project) => {
                project.packageManager = project.packageManager.replace(
                  /\+.*$|$/,
                  `+sha512.${'0'.repeat(128)}`,
                );
              }),
          },
        ]),
    ...(manager === 'yarn-berry'
      ? [
          {
            name: 'refuses Plug’n’Play',
            code: 'E_LOCK_UNSUPPORTED',
            spoil: (appDir: string) => rmSync(join(appDir, '.yarnrc.yml')),
          },
        ]
      : []),
  ];
}
