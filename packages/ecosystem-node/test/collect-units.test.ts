import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { withContext } from './context-double.js';
import { collectProject, treeOf, writeNpmProject } from './npm-project-double.js';
import type { NpmProjectDouble } from './npm-project-double.js';
import { sri } from './tarball-double.js';

const CLI = '#!/usr/bin/env node\r\nrun();\n';

const PROJECT: NpmProjectDouble = {
  packages: [
    {
      manifest: {
        name: 'a',
        version: '1.0.0',
        bin: { tool: 'cli.js', gone: 'missing.js' },
        dependencies: { '@s/b': '*' },
      },
      files: { 'cli.js': CLI, 'index.js': 'a' },
    },
    {
      manifest: { name: '@s/b', version: '2.0.0', bin: './b.js' },
      files: { 'b.js': 'b' },
      location: 'node_modules/a/node_modules/@s/b',
    },
    {
      manifest: { name: 'dev', version: '1.0.0', bin: 'dev.js' },
      files: { 'dev.js': 'd' },
      lock: { dev: true },
    },
  ],
};

test('collects the production tree: packages, shared directories, bins that exist', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, PROJECT);
    const { collected } = await collectProject(context);
    assert.deepEqual(
      collected.units.map(({ kind, path }) => `${kind} ${path}`),
      ['npm-links node_modules', 'npm node_modules/a', 'npm node_modules/a/node_modules/@s/b'],
    );
    const tree = Object.fromEntries(
      Object.entries(treeOf(context, collected)).filter(([path]) => !path.endsWith('/package.json')),
    );
    assert.deepEqual(tree, {
      node_modules: 'directory',
      'node_modules/.bin': 'directory',
      'node_modules/.bin/tool': '-> ../a/cli.js',
      'node_modules/a': 'directory',
      'node_modules/a/cli.js': '*#!/usr/bin/env node\nrun();\n',
      'node_modules/a/index.js': 'a',
      'node_modules/a/node_modules': 'directory',
      'node_modules/a/node_modules/.bin': 'directory',
      'node_modules/a/node_modules/.bin/b': '-> ../@s/b/b.js',
      'node_modules/a/node_modules/@s': 'directory',
      'node_modules/a/node_modules/@s/b': 'directory',
      'node_modules/a/node_modules/@s/b/b.js': '*b',
    });
  }));

test('opens nothing the second time', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, PROJECT);
    const first = await collectProject(context);
    assert.equal(first.collected.packagesCached, 0);
    // Without the tarballs, anything but finding units would fail.
    await rm(join(context.projectDir, 'vendor'), { recursive: true });
    const { collected } = await collectProject({
      ...context,
      cache: { ...context.cache, findDownload: () => undefined },
    });
    assert.equal(collected.packagesCached, 2);
    assert.equal(collected.packagesTotal, 2);
    assert.deepEqual(
      collected.units.map(({ content }) => content.key),
      first.collected.units.map(({ content }) => content.key),
    );
  }));

test('packs bundled packages with their owner and links their bins beside them', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, {
      packages: [
        {
          manifest: {
            name: 'a',
            version: '1.0.0',
            dependencies: { in: '1.0.0' },
            bundleDependencies: ['in'],
          },
          files: {
            'node_modules/in/package.json': '{"name":"in","version":"1.0.0","bin":"in.js"}',
            'node_modules/in/in.js': CLI,
          },
          lock: { bundleDependencies: ['in'] },
        },
      ],
      lockPackages: {
        'node_modules/a/node_modules/in': { version: '1.0.0', inBundle: true, bin: { in: 'in.js' } },
      },
    });
    const { collected } = await collectProject(context);
    const tree = treeOf(context, collected);
    assert.equal(tree['node_modules/a/node_modules/.bin/in'], '-> ../in/in.js');
    assert.equal(tree['node_modules/a/node_modules/in/in.js'], '*#!/usr/bin/env node\nrun();\n');
    assert.equal(collected.packagesTotal, 1);
  }));

test('lets a package of the lock win over one that a tarball brings unasked', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, {
      packages: [
        {
          manifest: { name: 'a', version: '1.0.0', dependencies: { b: '*' } },
          files: {
            'node_modules/b/package.json': '{}',
            'node_modules/b/stale.js': 'x',
            'node_modules/.bin/b.cmd': 'kept',
          },
        },
        {
          manifest: { name: 'b', version: '1.0.0' },
          location: 'node_modules/a/node_modules/b',
          files: { 'fresh.js': 'y' },
        },
      ],
    });
    const tree = treeOf(context, (await collectProject(context)).collected);
    assert.equal(tree['node_modules/a/node_modules/b/fresh.js'], 'y');
    assert.equal(tree['node_modules/a/node_modules/b/stale.js'], undefined);
    assert.equal(tree['node_modules/a/node_modules/.bin/b.cmd'], 'kept');
    assert.equal(tree['node_modules/a/node_modules/.bin'], 'directory');
  }));

test('links workspaces, and their bins when the files are there', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, {
      packages: [],
      manifest: { workspaces: ['packages/*'] },
      lockPackages: {
        'node_modules/@ws/core': { resolved: 'packages/core', link: true },
        'packages/core': {
          name: '@ws/core',
          version: '1.0.0',
          bin: { core: 'cli.js', later: 'dist/later.js' },
        },
      },
      files: {
        'packages/core/package.json':
          '{"name":"@ws/core","version":"1.0.0","bin":{"core":"cli.js","later":"dist/later.js"}}',
        'packages/core/cli.js': '',
      },
    });
    assert.deepEqual(treeOf(context, (await collectProject(context)).collected), {
      node_modules: 'directory',
      'node_modules/.bin': 'directory',
      'node_modules/.bin/core': '-> ../@ws/core/cli.js',
      'node_modules/@ws': 'directory',
      'node_modules/@ws/core': '-> ../../packages/core',
    });
  }));

const OPTIONAL: NpmProjectDouble = {
  packages: [
    { manifest: { name: 'a', version: '1.0.0' } },
    { manifest: { name: 'opt', version: '1.0.0', dependencies: { only: '*' } }, lock: { optional: true } },
    { manifest: { name: 'only', version: '1.0.0' }, lock: { optional: true } },
  ],
};

test('leaves out an optional package that cannot be read, with a warning', () =>
  withContext(async (context) => {
    const bytes = Buffer.from('not a tarball');
    await writeNpmProject(context.projectDir, {
      packages: OPTIONAL.packages.map((item) =>
        item.manifest.name === 'opt' ? { ...item, lock: { ...item.lock, integrity: sri(bytes) } } : item,
      ),
    });
    await writeFile(join(context.projectDir, 'vendor/opt-1.0.0.tgz'), bytes);
    const { collected } = await collectProject(context);
    assert.ok(!collected.units.some(({ path }) => path === 'node_modules/opt'));
    assert.ok(collected.units.some(({ path }) => path === 'node_modules/a'));
    assert.ok(
      context.warnings.some((text) => text.includes('opt@1.0.0') && text.includes('E_TARBALL_DAMAGED')),
    );
  }));

test('stops at an optional package whose bytes do not fit the lock', () =>
  withContext(async (context) => {
    await writeNpmProject(context.projectDir, OPTIONAL);
    await writeFile(join(context.projectDir, 'vendor/opt-1.0.0.tgz'), 'changed');
    await assert.rejects(collectProject(context), (error) => isSalverError(error, 'E_INTEGRITY_MISMATCH'));
  }));
