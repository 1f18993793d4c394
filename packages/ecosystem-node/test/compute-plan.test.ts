import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entry, planOf } from './project-double.js';
import type { ProjectDouble } from './project-double.js';

const MONOREPO: ProjectDouble = {
  manifest: {
    name: 'app',
    workspaces: ['packages/*'],
    dependencies: { local: 'file:local', alias: 'npm:@s/real@1' },
    devDependencies: { tool: 'file:tools/tool' },
  },
  packages: {
    'packages/w': { name: '@app/w', version: '2.0.0', dependencies: { b: '1' }, devDependencies: { d: '1' } },
    'node_modules/@app/w': { link: true, resolved: 'packages/w' },
    local: { version: '1.0.0', dependencies: { b: '2' } },
    'node_modules/local': { link: true, resolved: 'local' },
    'local/node_modules/b': entry('2.0.0'),
    'tools/tool': { version: '1.0.0', dev: true },
    'node_modules/tool': { link: true, resolved: 'tools/tool', dev: true },
    'node_modules/b': entry('1.0.0', { hasInstallScript: true }),
    'node_modules/d': entry('1.0.0', { dev: true }),
    'node_modules/alias': entry('1.0.0', {
      name: '@s/real',
      dependencies: { b: '1' },
      optionalDependencies: { gone: '1' },
    }),
    'node_modules/gone': entry('1.0.0', { optional: true, os: ['win32'] }),
  },
  files: {
    'packages/w/package.json':
      '{"name":"@app/w","version":"2.0.0","dependencies":{"b":"1"},"devDependencies":{"d":"1"}}',
    'local/package.json': '{"name":"local","version":"1.0.0","dependencies":{"b":"2"}}',
    'tools/tool/package.json': '{"name":"tool","version":"1.0.0"}',
  },
};

test('links, aliases and nested levels come out as npm lays them out', async () => {
  const plan = await planOf(MONOREPO);
  assert.deepEqual(plan.links, [
    { location: 'node_modules/@app/w', targetPath: 'packages/w', workspace: true, production: true },
    { location: 'node_modules/local', targetPath: 'local', workspace: false, production: true },
    { location: 'node_modules/tool', targetPath: 'tools/tool', workspace: false, production: false },
  ]);
  assert.deepEqual(
    plan.packages.map((item) => [item.location, item.name, item.version, item.production]),
    [
      ['local/node_modules/b', 'b', '2.0.0', true],
      ['node_modules/alias', '@s/real', '1.0.0', true],
      ['node_modules/b', 'b', '1.0.0', true],
      ['node_modules/d', 'd', '1.0.0', false],
    ],
  );
  const alias = plan.packages.find((item) => item.name === '@s/real');
  assert.deepEqual(alias?.dependencyLocations, ['node_modules/b']);
  assert.equal(plan.packages.find((item) => item.location === 'node_modules/b')?.hasInstallScript, true);
  assert.equal(plan.lockfile, 'package-lock.json');
  assert.equal(plan.rootManifest['name'], 'app');
});

test('the plan does not depend on the order of the lock', async () => {
  const reversed = Object.fromEntries(Object.entries(MONOREPO.packages).reverse());
  assert.deepEqual(await planOf({ ...MONOREPO, packages: reversed }), await planOf(MONOREPO));
});

test('a dependency on the project itself is a link to its top', async () => {
  const plan = await planOf({
    manifest: { name: 'app', version: '1.0.0', dependencies: { self: 'file:.' } },
    packages: { 'node_modules/self': { link: true, resolved: '' } },
  });
  assert.deepEqual(plan.links[0], {
    location: 'node_modules/self',
    targetPath: '',
    workspace: false,
    production: true,
  });
});

test('a project without dependencies has an empty plan', async () => {
  const plan = await planOf({ manifest: { name: 'app' }, packages: {} });
  assert.deepEqual([plan.packages, plan.links, plan.allBins, plan.warnings], [[], [], [], []]);
});

test('the linked install strategy is refused', async () => {
  const files = { '.npmrc': 'install-strategy=linked' };
  await assert.rejects(planOf({ ...MONOREPO, files: { ...MONOREPO.files, ...files } }), {
    code: 'E_LOCK_UNSUPPORTED',
  });
});

test('names that every object has are ordinary names', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { constructor: '1', hasOwnProperty: '1' } },
    packages: {
      'node_modules/constructor': entry('1.0.0', {
        peerDependencies: { toString: '1' },
        peerDependenciesMeta: {},
      }),
      'node_modules/hasOwnProperty': entry('1.0.0'),
      'node_modules/toString': entry('1.0.0'),
    },
  });
  assert.equal(plan.packages.length, 3);
});

const TWO_APPS: ProjectDouble = {
  manifest: {
    name: 'top',
    workspaces: ['apps/*', 'packages/*'],
    dependencies: { top: '1' },
    devDependencies: { d: '1' },
  },
  packages: {
    'apps/one': {
      name: 'one',
      version: '1.0.0',
      dependencies: { lib: '*', a: '1' },
      devDependencies: { d: '1' },
    },
    'apps/two': { name: 'two', version: '1.0.0', dependencies: { b: '1', v: 'file:../../vendor' } },
    'packages/lib': { name: 'lib', version: '1.0.0', dependencies: { c: '1' }, engines: { node: '>=20' } },
    vendor: { version: '1.0.0' },
    'node_modules/one': { link: true, resolved: 'apps/one' },
    'node_modules/two': { link: true, resolved: 'apps/two' },
    'node_modules/lib': { link: true, resolved: 'packages/lib' },
    'node_modules/v': { link: true, resolved: 'vendor' },
    'node_modules/a': entry('1.0.0', { bin: { a: 'a.js' }, peerDependencies: { p: '1' } }),
    'node_modules/b': entry('1.0.0', { bin: { b: 'b.js' } }),
    'node_modules/c': entry('1.0.0', { optionalDependencies: { o: '1' } }),
    'node_modules/d': entry('1.0.0', { dev: true }),
    'node_modules/o': entry('1.0.0', { optional: true }),
    'node_modules/p': entry('1.0.0', { peer: true }),
    'node_modules/top': entry('1.0.0'),
  },
  files: {
    'apps/one/package.json':
      '{"name":"one","version":"1.0.0","engines":{"node":">=18"},"dependencies":{"lib":"*","a":"1"},"devDependencies":{"d":"1"}}',
    'apps/two/package.json':
      '{"name":"two","version":"1.0.0","dependencies":{"b":"1","v":"file:../../vendor"}}',
    'packages/lib/package.json': '{"name":"lib","version":"1.0.0","dependencies":{"c":"1"}}',
    'vendor/package.json': '{"name":"v","version":"1.0.0"}',
  },
};

const SHIPPED_BY_WORKSPACE: readonly (readonly [string | undefined, readonly string[], readonly string[]])[] =
  [
    ['apps/one', ['a', 'c', 'o', 'p'], ['lib', 'one']],
    ['apps/two', ['b'], ['two', 'v']],
    [undefined, ['a', 'b', 'c', 'o', 'p', 'top'], ['lib', 'one', 'two', 'v']],
  ];

for (const [workspace, packages, links] of SHIPPED_BY_WORKSPACE) {
  test(`${workspace ?? 'the whole project'} ships what it needs, the rest is there for the build`, async () => {
    const plan = await planOf(TWO_APPS, workspace === undefined ? {} : { workspace });
    const names = (items: readonly { readonly location: string; readonly production: boolean }[]) =>
      items
        .filter(({ production }) => production)
        .map(({ location }) => location.slice('node_modules/'.length));
    assert.deepEqual(names(plan.packages), packages);
    assert.deepEqual(names(plan.links), links);
    assert.equal(plan.packages.length, 7);
    assert.deepEqual(
      plan.productionBins.map(({ location }) => location.slice('node_modules/.bin/'.length)),
      ['a', 'b'].filter((name) => packages.includes(name)),
    );
    assert.equal(plan.nodeRange, workspace === 'apps/one' ? '>=18' : undefined);
  });
}
