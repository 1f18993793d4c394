// Dependencies on disk for the app's own build, and what the build changed in them.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { BuildTree, CollectedUnits } from '@salver/core';
import { withContext } from './context-double.js';
import type { ContextDouble } from './context-double.js';
import { collectProject, treeOf, writeNpmProject } from './npm-project-double.js';
import type { NpmProjectDouble } from './npm-project-double.js';

const skip = spawnSync('npm', ['--version']).status === 0 ? false : 'npm is not on this machine';

const PROJECT: NpmProjectDouble = {
  packages: [
    {
      manifest: { name: 'a', version: '1.0.0', dependencies: { b: '*' } },
      files: { 'index.js': 'a\n', 'lib/x.js': 'x\n' },
    },
    {
      manifest: { name: 'b', version: '1.0.0' },
      files: { 'index.js': 'b\n' },
      location: 'node_modules/a/node_modules/b',
    },
    {
      manifest: { name: '@s/c', version: '1.0.0', bin: 'c.js' },
      files: { 'c.js': '#!/bin/sh\necho from c\n' },
    },
    {
      manifest: {
        name: 'tool',
        version: '1.0.0',
        bin: 'tool.sh',
        scripts: { postinstall: 'echo prepared > made.txt' },
      },
      files: { 'tool.sh': '#!/bin/sh\ncat "$(dirname "$0")/../tool/made.txt"\n' },
      lock: { dev: true },
    },
  ],
};

interface Laid {
  readonly appDir: string;
  readonly tree: BuildTree;
  readonly collected: CollectedUnits;
}

/** Lays the project out in a copy and runs `work` with it. */
function withTree(
  project: NpmProjectDouble,
  work: (laid: Laid, context: ContextDouble) => Promise<void>,
): Promise<void> {
  return withContext(
    async (context) => {
      await writeNpmProject(context.projectDir, project);
      const { plan, collected } = await collectProject(context);
      const appDir = await mkdtemp(`${context.projectDir}-copy-`);
      try {
        await cp(context.projectDir, appDir, { recursive: true });
        await work({ appDir, collected, tree: await plan.layOut(appDir, collected) }, context);
      } finally {
        await rm(appDir, { recursive: true, force: true });
      }
    },
    { settings: { allowScripts: { 'file:vendor/tool-1.0.0.tgz': true } } },
  );
}

test('lays out production and development packages, runs their scripts, finds no change', { skip }, () =>
  withTree(PROJECT, async ({ appDir, tree }) => {
    await tree.runCommand('tool > out.txt && c >> out.txt');
    assert.equal(await readFile(join(appDir, 'out.txt'), 'utf8'), 'prepared\nfrom c\n');
    assert.deepEqual(await tree.collectChanges(), { changed: [], removedPaths: [] });
  }),
);

test('takes a package that was edited in place from disk, and leaves the cache as it was', { skip }, () =>
  withTree(PROJECT, async ({ tree, collected }, context) => {
    const before = treeOf(context, collected);
    await tree.runCommand(
      'echo patched >> node_modules/a/index.js; touch node_modules/@s/c/c.js; rm node_modules/a/lib/x.js; chmod +x node_modules/a/package.json',
    );
    const { changed, removedPaths } = await tree.collectChanges();
    assert.deepEqual(
      changed.map(({ kind, path }) => `${kind} ${path}`),
      ['npm node_modules/a'],
    );
    assert.deepEqual(removedPaths, []);
    const after = treeOf(context, { units: changed });
    assert.deepEqual(Object.keys(after), [
      'node_modules/a',
      'node_modules/a/index.js',
      'node_modules/a/package.json',
    ]);
    assert.equal(after['node_modules/a/index.js'], 'a\npatched\n');
    assert.ok(after['node_modules/a/package.json']?.startsWith('*'));
    assert.deepEqual(treeOf(context, collected), before);
  }),
);

test(
  'takes what the build generated into node_modules, without caches and development packages',
  { skip },
  () =>
    withTree(PROJECT, async ({ tree, collected }, context) => {
      await tree.runCommand(
        'cd node_modules && mkdir -p .prisma/client .cache/x .vite @s/new tool/more && echo 1 | tee .prisma/client/i.js .cache/x/y .vite/z @s/new/n.js tool/more/m .package-lock.json > a/new.js',
      );
      const { changed } = await tree.collectChanges();
      assert.deepEqual(
        changed.map(({ kind, name, path }) => `${kind} ${name} ${path}`),
        [
          'npm a node_modules/a',
          'npm-extra .prisma node_modules/.prisma',
          'npm-extra new node_modules/@s/new',
        ],
      );
      // Together with the units that did not change, every path is there once.
      const paths = new Set(changed.map(({ path }) => path));
      const units = [...collected.units.filter(({ path }) => !paths.has(path)), ...changed];
      assert.equal(treeOf(context, { units })['node_modules/.prisma/client/i.js'], '1\n');
    }),
);

test('names the directories of the first thing a build generates where nothing was installed', { skip }, () =>
  withTree({ packages: [] }, async ({ tree }, context) => {
    await tree.runCommand('mkdir -p node_modules/@g/made && echo 1 > node_modules/@g/made/x');
    assert.deepEqual(treeOf(context, { units: (await tree.collectChanges()).changed }), {
      node_modules: 'directory',
      'node_modules/@g': 'directory',
      'node_modules/@g/made': 'directory',
      'node_modules/@g/made/x': '1\n',
    });
  }),
);

test('lists removed packages and drops their links', { skip }, () =>
  withTree(PROJECT, async ({ tree }) => {
    await tree.runCommand('rm -r node_modules/@s node_modules/a');
    const { changed, removedPaths } = await tree.collectChanges();
    assert.deepEqual(removedPaths, [
      'node_modules',
      'node_modules/@s/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
    ]);
    assert.deepEqual(changed, []);
  }),
);

test('names the shared directories that are left after a removal', { skip }, () =>
  withTree(PROJECT, async ({ tree }, context) => {
    await tree.runCommand('rm -r node_modules/@s');
    const { changed, removedPaths } = await tree.collectChanges();
    assert.deepEqual(removedPaths, ['node_modules/@s/c']);
    assert.deepEqual(treeOf(context, { units: changed }), {
      node_modules: 'directory',
      'node_modules/a/node_modules': 'directory',
    });
  }),
);

test("runs lifecycle scripts of workspaces and of the root in npm's order", { skip }, () =>
  withTree(
    {
      packages: [],
      manifest: {
        workspaces: ['ws'],
        scripts: { prepare: 'echo root-prepare >> log', install: 'echo root-install >> log', preinstall: 'echo root-preinstall >> log' }, // prettier-ignore
      },
      files: { 'ws/package.json': JSON.stringify({ name: 'ws', version: '1.0.0', scripts: { prepare: 'echo ws-prepare >> ../log', postinstall: 'echo ws-postinstall >> ../log' } }) }, // prettier-ignore
      lockPackages: { 'node_modules/ws': { resolved: 'ws', link: true }, ws: { version: '1.0.0' } },
    },
    async ({ appDir, tree }) => {
      await tree.runLifecycle();
      assert.deepEqual((await readFile(join(appDir, 'log'), 'utf8')).split('\n').slice(0, 5), [
        'ws-prepare',
        'ws-postinstall',
        'root-preinstall',
        'root-install',
        'root-prepare',
      ]);
    },
  ),
);

test('says which command failed, with the end of its output', { skip }, () =>
  withTree(PROJECT, async ({ tree }) => {
    const command = 'for i in $(seq 100); do echo "line $i"; done; echo problem >&2; exit 7';
    await assert.rejects(tree.runCommand(command), (error) => {
      assert.ok(isSalverError(error, 'E_BUILD_COMMAND_FAILED'));
      const output = error.facts['output'] as readonly string[];
      assert.equal(output.length, 30);
      assert.equal(output.at(-1), 'problem');
      assert.match(error.message, /ended with 7/);
      return true;
    });
  }),
);
