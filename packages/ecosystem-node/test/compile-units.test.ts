// Packages with install scripts: built on a sparse layout, trimmed, cached under a full key.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { CollectedUnit } from '@salver/core';
import { withContext } from './context-double.js';
import type { ContextDouble } from './context-double.js';
import { collectProject, treeOf, writeNpmProject } from './npm-project-double.js';
import type { VendoredPackage } from './npm-project-double.js';

const ADDON_C = `#include <assert.h>
#include <node_api.h>
static napi_value init(napi_env env, napi_value exports) {
  assert(env != NULL); /* __FILE__ gets into the binary */
  return exports;
}
NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
`;

const ADDON: VendoredPackage = {
  manifest: { name: 'addon', version: '1.0.0' },
  files: {
    'binding.gyp': JSON.stringify({
      targets: [{ target_name: 'addon', sources: ['addon.c'], cflags: ['-UNDEBUG'] }],
    }),
    'addon.c': ADDON_C,
    'build/Release/obj/published.o': 'kept, because it was published',
  },
};

/** A reason to skip tests that compile, or false. */
function compilerMissing(): string | false {
  for (const program of ['cc', 'c++', 'make', 'python3', 'npm']) {
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not on this machine`;
  }
  const header = join(dirname(dirname(process.execPath)), 'include/node/node_api.h');
  return existsSync(header) ? false : 'the headers of this Node are not on this machine';
}

const skip = compilerMissing();
const allowAll = {
  allowScripts: {
    'file:vendor/script-1.0.0.tgz': true,
    'file:vendor/dep-1.0.0.tgz': true,
    'file:vendor/user-1.0.0.tgz': true,
  },
};

/** Collects a project of these packages. */
async function collect(context: ContextDouble, packages: readonly VendoredPackage[]) {
  await writeNpmProject(context.projectDir, { packages });
  return (await collectProject(context)).collected;
}

function unitAt(units: readonly CollectedUnit[], path: string): CollectedUnit {
  const unit = units.find((candidate) => candidate.path === path);
  assert.ok(unit, `no unit at ${path}`);
  return unit;
}

test('compiles an addon, keeps what runs and forgets the rest', { skip }, () =>
  withContext(async (context) => {
    const collected = await collect(context, [ADDON]);
    assert.deepEqual(collected.compiled, ['addon@1.0.0']);
    assert.deepEqual(collected.scriptsRan, ['addon@1.0.0: node-gyp rebuild']);
    const unit = unitAt(collected.units, 'node_modules/addon');
    assert.equal(unit.compiled, true);
    assert.deepEqual(unit.scripts, { ran: ['node-gyp rebuild'] });
    assert.deepEqual(
      context.cache
        .readUnit(unit.content)
        .filter(({ kind }) => kind === 'file')
        .map(({ path }) => path.slice('node_modules/addon/'.length))
        .sort(),
      ['addon.c', 'binding.gyp', 'build/Release/addon.node', 'package.json'],
    );
  }),
);

test('gives the same bytes in another directory, and compiles only once', { skip }, async () => {
  const digests: string[][] = [];
  for (const zone of ['Asia/Tokyo', 'UTC']) {
    await withContext(async (context) => {
      const env = { ...context.env, TZ: zone };
      const first = await collect({ ...context, env }, [ADDON]);
      digests.push(
        unitAt(first.units, 'node_modules/addon').content.members.map(({ rawDigest }) => rawDigest),
      );
      assert.deepEqual(context.warnings, []);
      const stored = context.cache.storedKeys.length;
      const { collected: second } = await collectProject({ ...context, env });
      assert.deepEqual([second.compiled, second.packagesCached], [[], 1]);
      assert.deepEqual(second.scriptsRan, ['addon@1.0.0: node-gyp rebuild']);
      assert.equal(context.cache.storedKeys.length, stored);
    });
  }
  assert.deepEqual(digests[0], digests[1]);
});

test('compiles again when compiler flags change', { skip }, () =>
  withContext(async (context) => {
    await collect(context, [ADDON]);
    const env = { ...context.env, CFLAGS: '-O1' };
    assert.deepEqual((await collectProject({ ...context, env })).collected.compiled, ['addon@1.0.0']);
  }),
);

test('says what failed to compile, with the end of its output, and caches nothing', { skip }, () =>
  withContext(async (context) => {
    const broken = { ...ADDON, files: { ...ADDON.files, 'addon.c': 'this is not C' } };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await assert.rejects(collect(context, [broken]), (error) => {
        assert.ok(isSalverError(error, 'E_INSTALL_SCRIPT_FAILED'));
        assert.equal(error.facts['package'], 'addon@1.0.0');
        assert.match(error.message, /addon\.c/);
        return true;
      });
    }
    assert.ok(!context.cache.storedKeys.some((key) => key.startsWith('npm-compiled')));
  }),
);

const npmSkip = spawnSync('npm', ['--version']).status === 0 ? false : 'npm is not on this machine';

function scripted(name: string, postinstall: string, more: Partial<VendoredPackage> = {}): VendoredPackage {
  return { ...more, manifest: { name, version: '1.0.0', scripts: { postinstall }, ...more.manifest } };
}

test('runs an allowed script where its dependencies are, as npm would', { skip: npmSkip }, () =>
  withContext(
    async (context) => {
      const check = `tool > out.txt && node -e "
        const assert = require('assert');
        assert.equal(require('dep'), 'dep');
        assert.equal(process.env.npm_lifecycle_event, 'postinstall');
        assert.equal(process.env.npm_package_name, 'script');
        assert.equal(process.env.NODE_ENV, undefined);
        assert.equal(process.cwd(), require('fs').realpathSync(process.env.INIT_CWD + '/node_modules/script'));
      "`;
      const collected = await collect({ ...context, env: { ...context.env, NODE_ENV: 'production' } }, [
        scripted('script', check, {
          manifest: { name: 'script', version: '1.0.0', dependencies: { dep: '*' } },
        }),
        {
          manifest: { name: 'dep', version: '1.0.0', bin: { tool: 'tool.sh' } },
          files: { 'index.js': 'module.exports = "dep"', 'tool.sh': '#!/bin/sh\necho tool ran\n' },
        },
      ]);
      assert.equal(treeOf(context, collected)['node_modules/script/out.txt'], 'tool ran\n');
      assert.equal(unitAt(collected.units, 'node_modules/script').compiled, undefined);
    },
    { settings: allowAll },
  ),
);

test("uses what a dependency's own script made", { skip: npmSkip }, () =>
  withContext(
    async (context) => {
      const collected = await collect(context, [
        scripted('user', 'cat ../dep/made.txt > seen.txt', {
          manifest: { name: 'user', version: '1.0.0', dependencies: { dep: '*' } },
        }),
        scripted('dep', 'echo made > made.txt'),
      ]);
      assert.equal(treeOf(context, collected)['node_modules/user/seen.txt'], 'made\n');
    },
    { settings: allowAll },
  ),
);

test('skips undecided scripts that are no native builds, and lists them', () =>
  withContext(async (context) => {
    const collected = await collect(context, [scripted('script', 'exit 1')]);
    assert.deepEqual([collected.scriptsRan, collected.scriptsSkipped], [[], ['script@1.0.0: postinstall']]);
    assert.deepEqual(unitAt(collected.units, 'node_modules/script').scripts, { skipped: ['postinstall'] });
  }));

test('leaves out an optional package whose script fails', { skip: npmSkip }, () =>
  withContext(
    async (context) => {
      const collected = await collect(context, [
        scripted('script', 'echo no; exit 3', { lock: { optional: true } }),
        { manifest: { name: 'a', version: '1.0.0' } },
      ]);
      assert.deepEqual(
        collected.units.filter(({ kind }) => kind === 'npm').map(({ path }) => path),
        ['node_modules/a'],
      );
      assert.ok(context.warnings.some((text) => text.includes('script@1.0.0')));
    },
    { settings: allowAll },
  ),
);

test(
  'warns about files outside the package and links that leave it, and ships neither',
  { skip: npmSkip },
  () =>
    withContext(
      async (context) => {
        const script =
          'mkdir ../.made && echo x > ../.made/x; ln -s /etc/passwd absolute; ln -s "$PWD/package.json" inside';
        const tree = treeOf(context, await collect(context, [scripted('script', script)]));
        assert.equal(tree['node_modules/script/inside'], '-> package.json');
        assert.ok(!Object.keys(tree).some((path) => path.includes('.made') || path.includes('absolute')));
        assert.equal(context.warnings.length, 2);
      },
      { settings: allowAll },
    ),
);

test('warns when the result names the directory it was built in', { skip: npmSkip }, () =>
  withContext(
    async (context) => {
      await collect(context, [scripted('script', 'pwd > where.txt')]);
      assert.ok(context.warnings.some((text) => text.includes('where.txt')));
    },
    { settings: allowAll },
  ),
);

test('ends everything a script started when interrupted', { skip: npmSkip }, async () => {
  const abort = new AbortController();
  await withContext(
    async (context) => {
      const pidFile = join(context.projectDir, 'pid');
      const script = `sleep 60 & echo $! > '${pidFile}'; kill -USR2 ${process.pid}; wait`;
      process.once('SIGUSR2', () => abort.abort());
      await assert.rejects(collect(context, [scripted('script', script)]), (error) =>
        isSalverError(error, 'E_INTERRUPTED'),
      );
      const pid = Number(await readFile(pidFile, 'utf8'));
      assert.equal(isRunning(pid), false);
    },
    { settings: allowAll, signal: abort.signal },
  );
});

/** True while the process runs; one that has ended may wait for its parent to notice. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z\s]/.test(stdout.trim());
}
