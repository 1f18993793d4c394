import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { sha256Hex } from '@salver/core';
import { readProjectTexts } from '../dist/read-lockfile.js';
import { PLAN_FORMAT, planOnce } from '../dist/remember-plan.js';
import { npmOptionsDouble } from './context-double.js';
import { LINUX, entry, planDirectory, withFiles } from './project-double.js';
import type { Json } from './project-double.js';

const LOCKS = fileURLToPath(new URL('../../../fixtures/locks/', import.meta.url));
/** PLAN_FORMAT and the digest of the plans of all fixtures. Another digest: raise the number, then write both here. */
const KNOWN_PLANS = { format: 1, digest: '5eb62525409ee718190a3f34380b94312a3ae879f9db8185bf2dedfd2a7fb60f' };

const MANIFEST = { name: 'app', version: '1.0.0', dependencies: { a: '^1.0.0' } };

function projectFiles(packages: Readonly<Record<string, Json>>, manifest: Json = MANIFEST) {
  return {
    'package.json': JSON.stringify(manifest),
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': manifest, ...packages } }),
  };
}

/** Notes in memory, as JSON, and how often one was stored. */
function notes() {
  const stored = new Map<string, string>();
  return {
    stored,
    findNote: (key: string): unknown => JSON.parse(stored.get(key) ?? 'null') ?? undefined,
    storeNote: (key: string, value: unknown) => void stored.set(key, JSON.stringify(value)),
  };
}

async function planIn(directory: string, cache: ReturnType<typeof notes>, changes = {}) {
  const settings = { projectDir: directory, target: LINUX, nodeVersion: 'v20.19.0', settings: {} };
  const npmOptions = npmOptionsDouble('http://127.0.0.1:9/');
  return planOnce(await readProjectTexts(directory), { ...settings, npmOptions, ...changes }, cache);
}

test('a remembered plan is the plan, warnings included', async () => {
  const old = entry('1.2.0', { engines: { node: '>=99' } });
  await withFiles(projectFiles({ 'node_modules/a': old }), async (directory) => {
    const cache = notes();
    const first = await planIn(directory, cache);
    assert.equal(cache.stored.size, 1);
    const [key] = cache.stored.keys();
    const second = await planIn(directory, cache);
    assert.equal(JSON.stringify(second), JSON.stringify(first));
    assert.equal(second.warnings.length, 1);
    // It is taken from the cache indeed: what lies there is what comes.
    cache.stored.set(key ?? '', JSON.stringify({ ...first, warnings: ['from the cache'] }));
    assert.deepEqual((await planIn(directory, cache)).warnings, ['from the cache']);
  });
});

test('another lock, package.json, target, Node, setting or npm option is another plan', async () => {
  await withFiles(projectFiles({ 'node_modules/a': entry('1.2.0') }), async (directory) => {
    const cache = notes();
    const npm = npmOptionsDouble('http://127.0.0.1:9/');
    await planIn(directory, cache);
    await planIn(directory, cache, { target: { os: 'darwin', arch: 'arm64', libc: 'none' } });
    await planIn(directory, cache, { nodeVersion: 'v24.0.0' });
    await planIn(directory, cache, { settings: { strictIntegrity: true } });
    await planIn(directory, cache, { npmOptions: { ...npm, ignoreScripts: true } });
    assert.equal(cache.stored.size, 5);
    // Where packages come from decides nothing about which ones are installed, and may hold credentials.
    await planIn(directory, cache, { npmOptions: npmOptionsDouble('http://127.0.0.1:8/') });
    assert.equal(cache.stored.size, 5);
    for (const files of [
      projectFiles({ 'node_modules/a': entry('1.3.0') }),
      projectFiles({ 'node_modules/a': entry('1.2.0') }, { ...MANIFEST, version: '2.0.0' }),
    ]) {
      await withFiles(files, async (other) => void (await planIn(other, cache)));
    }
    assert.equal(cache.stored.size, 7);
  });
});

test('a plan that depends on the files of a workspace or link is not remembered', async () => {
  const workspace = { ...MANIFEST, dependencies: {}, workspaces: ['packages/w'] };
  const linked = { ...MANIFEST, dependencies: { w: 'file:packages/w' } };
  const packages = {
    'node_modules/w': { resolved: 'packages/w', link: true },
    'packages/w': { name: 'w', version: '1.0.0' },
  };
  for (const manifest of [workspace, linked]) {
    const files = {
      ...projectFiles(packages, manifest),
      'packages/w/package.json': '{"name":"w","version":"1.0.0"}',
    };
    await withFiles(files, async (directory) => {
      const cache = notes();
      await planIn(directory, cache);
      assert.equal(cache.stored.size, 0);
    });
  }
});

test('a change of plans comes with a new PLAN_FORMAT', { skip: !existsSync(LOCKS) }, async () => {
  const cases = JSON.parse(readFileSync(`${LOCKS}cases.json`, 'utf8')) as { name: string; expect: string }[];
  const digests = [];
  for (const { name } of cases.filter(({ expect }) => expect === 'ok')) {
    digests.push([name, sha256Hex(JSON.stringify(await planDirectory(`${LOCKS}${name}`)))]);
  }
  assert.deepEqual({ format: PLAN_FORMAT, digest: sha256Hex(JSON.stringify(digests)) }, KNOWN_PLANS);
});
