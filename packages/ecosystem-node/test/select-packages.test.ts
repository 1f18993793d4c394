import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SalverError } from '@salver/core';
import type { InstallPlan } from '../dist/install-plan.js';
import { entry, planOf } from './project-double.js';
import type { Json } from './project-double.js';

function names(plan: InstallPlan, production: boolean): readonly string[] {
  const items = [...plan.packages, ...plan.links].filter((item) => !production || item.production);
  return items.map((item) => item.location.replaceAll('node_modules/', '')).sort();
}

test('development packages are not production; what both need is', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' }, devDependencies: { t: '1' } },
    packages: {
      'node_modules/a': entry('1.0.0', { dependencies: { shared: '1' } }),
      'node_modules/shared': entry('1.0.0'),
      'node_modules/t': entry('1.0.0', { dev: true, dependencies: { shared: '1', only: '1' } }),
      'node_modules/t/node_modules/only': entry('1.0.0', { dev: true }),
    },
  });
  assert.deepEqual(names(plan, true), ['a', 'shared']);
  assert.deepEqual(names(plan, false), ['a', 'shared', 't', 't/only']);
});

test('the flags in the lock are not believed, as in npm', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: {
      'node_modules/a': entry('1.0.0', { dev: true, extraneous: true }),
      'node_modules/left-over': entry('1.0.0'),
    },
  });
  assert.deepEqual(names(plan, true), ['a']);
});

test('a package that only optional peers want is left out', async () => {
  const plan = await planOf({
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: {
      'node_modules/a': entry('1.0.0', {
        peerDependencies: { p: '1' },
        peerDependenciesMeta: { p: { optional: true } },
      }),
      'node_modules/p': entry('1.0.0', { optional: true, peer: true }),
    },
  });
  assert.deepEqual(names(plan, false), ['a']);
});

test('needed by development and by optional packages counts as production', async () => {
  const plan = await planOf({
    manifest: { name: 'app', optionalDependencies: { o: '1' }, devDependencies: { t: '1' } },
    packages: {
      'node_modules/o': entry('1.0.0', { dependencies: { both: '1' } }),
      'node_modules/t': entry('1.0.0', { dependencies: { both: '1' } }),
      'node_modules/both': entry('1.0.0', { devOptional: true }),
    },
  });
  assert.deepEqual(names(plan, true), ['both', 'o']);
});

/** app -> a -?-> wrapper -> native, extra; `extra` is also needed by a. */
function optionalProject(native: Json): Parameters<typeof planOf>[0] {
  return {
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: {
      'node_modules/a': entry('1.0.0', {
        optionalDependencies: { wrapper: '1' },
        dependencies: { extra: '1' },
      }),
      'node_modules/wrapper': entry('1.0.0', { dependencies: { native: '1', extra: '1', own: '1' } }),
      'node_modules/native': entry('1.0.0', native),
      'node_modules/own': entry('1.0.0'),
      'node_modules/extra': entry('1.0.0'),
    },
  };
}

test('an optional package that does not fit takes its whole set along', async () => {
  for (const native of [
    { os: ['win32'] },
    { cpu: ['arm64'] },
    { libc: ['musl'] },
    { engines: { node: '>=99' } },
  ]) {
    const plan = await planOf(optionalProject(native));
    assert.deepEqual(names(plan, false), ['a', 'extra'], JSON.stringify(native));
    assert.deepEqual(plan.warnings, []);
  }
});

test('optional packages know what goes with them', async () => {
  const plan = await planOf(optionalProject({}));
  const native = plan.packages.find((item) => item.name === 'native');
  assert.equal(native?.optional, true);
  assert.deepEqual(native.optionalSet, ['node_modules/native', 'node_modules/own', 'node_modules/wrapper']);
  assert.equal(plan.packages.find((item) => item.name === 'extra')?.optionalSet, undefined);
});

test('a required package for another platform is refused', async () => {
  const project = {
    manifest: { name: 'app', dependencies: { a: '1' } },
    packages: { 'node_modules/a': entry('1.0.0', { os: ['darwin'] }) },
  };
  await assert.rejects(planOf(project), (error: SalverError) => {
    assert.equal(error.code, 'E_PLATFORM_UNSUPPORTED');
    assert.equal(error.message, 'a@1.0.0 does not support linux-x64-glibc');
    assert.equal(error.facts['location'], 'node_modules/a');
    return true;
  });
  const target = { os: 'darwin', arch: 'arm64', libc: 'none' } as const;
  assert.ok(await planOf(project, { target }));
});

test('a development package for another platform is only warned about', async () => {
  const plan = await planOf({
    manifest: { name: 'app', devDependencies: { a: '1' } },
    packages: { 'node_modules/a': entry('1.0.0', { os: ['darwin'] }) },
  });
  assert.deepEqual(plan.warnings, ['a@1.0.0 does not support linux-x64-glibc']);
});

test('engines are a warning, and an error under engine-strict', async () => {
  const project = {
    manifest: { name: 'app', version: '1.0.0', engines: { node: '>=20' }, dependencies: { a: '1' } },
    packages: { 'node_modules/a': entry('1.0.0', { engines: { node: '>=22' } }) },
  };
  const plan = await planOf(project);
  assert.deepEqual(plan.warnings, ['a@1.0.0 wants node >=22; this is v20.19.0']);
  assert.equal(plan.nodeRange, '>=20');
  const strict = { ...project, files: { '.npmrc': 'engine-strict=true' } };
  await assert.rejects(planOf(strict), { code: 'E_ENGINE_UNSUPPORTED' });
  assert.ok(await planOf(strict, { nodeVersion: 'v22.1.0' }));
});

test('the engines of the root count, unless it has devEngines', async () => {
  const manifest = { name: 'app', version: '1.0.0', engines: { node: '>=22' } };
  assert.equal((await planOf({ manifest, packages: {} })).warnings.length, 1);
  const withDev = { ...manifest, devEngines: { runtime: { name: 'node' } } };
  assert.deepEqual((await planOf({ manifest: withDev, packages: {} })).warnings, []);
});

test('NODE_ENV and omit settings change nothing', async () => {
  const plan = await planOf({
    manifest: { name: 'app', devDependencies: { t: '1' } },
    packages: { 'node_modules/t': entry('1.0.0') },
    files: { '.npmrc': 'omit[]=dev\nomit[]=optional\nproduction=true' },
  });
  assert.deepEqual(names(plan, false), ['t']);
});
