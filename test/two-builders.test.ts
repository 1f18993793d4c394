// Several builders on one cache: all end well with one id, and what is slow is done once.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertCacheSound } from './cache-state.js';
import {
  compilerProblem,
  copyNotes,
  fillDownloadCache,
  openDownloadCache,
  registryProblem,
  removeCompiledDependency,
} from './fixture-apps.js';
import { buildApp, isDeepRun, makeTempDir } from './product-harness.js';
import type { BuildReport, RunOptions } from './product-harness.js';

const noRegistry = await registryProblem();
const noCompiler = await compilerProblem();
const temp = makeTempDir();
const downloads = openDownloadCache();

before(async () => {
  if (noRegistry !== undefined) return;
  copyNotes(join(temp.path, 'notes'));
  await fillDownloadCache(join(temp.path, 'notes'), downloads);
});

after(() => {
  downloads.remove();
  temp.remove();
});

/** Starts `count` builds of equal apps at once, each in its own directory, on one cache. */
async function buildAtOnce(
  label: string,
  count: number,
  cacheDir: string,
  options: { readonly compiled: boolean; readonly env?: RunOptions['env'] },
): Promise<readonly BuildReport[]> {
  const builds = Array.from({ length: count }, (_, index) => {
    const directory = join(temp.path, `${label}-${index}`);
    const app = join(directory, 'app');
    copyNotes(app);
    if (!options.compiled) removeCompiledDependency(app);
    const env = { ...downloads.env, ...options.env, SALVER_CACHE: cacheDir };
    return buildApp(app, join(directory, 'out'), { env });
  });
  return Promise.all(builds);
}

function assertSameRelease(reports: readonly BuildReport[]): void {
  assert.deepEqual(new Set(reports.map(({ id }) => id)).size, 1, 'one id');
  const files = reports.map(({ artifact }) => readFileSync(artifact));
  for (const file of files) assert.ok(file.equals(files[0] as Buffer), 'one file');
}

test(
  'two builders on a cold cache and four on the warm one make the same release',
  { skip: noRegistry ?? false },
  async () => {
    const cacheDir = join(temp.path, 'cache');
    const cold = await buildAtOnce('cold', 2, cacheDir, { compiled: false });
    await assertCacheSound(cacheDir);
    const warm = await buildAtOnce('warm', 4, cacheDir, { compiled: false });
    await assertCacheSound(cacheDir);
    assertSameRelease([...cold, ...warm]);
  },
);

// Takes half a minute of compiling, twice.
if (isDeepRun)
  test(
    'two builders at once compile a dependency once',
    { skip: noRegistry ?? noCompiler ?? false },
    async () => {
      const cacheDir = join(temp.path, 'compile-cache');
      const { env, compiledFiles } = watchCompiler();
      const cold = await buildAtOnce('compile-cold', 2, cacheDir, { compiled: true, env });
      const files = compiledFiles();
      assert.ok(files.length > 0, 'something was compiled');
      assert.equal(new Set(files).size, files.length, `compiled twice: ${files.join(' ')}`);
      assert.deepEqual(
        cold.flatMap(({ compiled }) => compiled),
        ['xxhash@0.3.0'],
        'one of the two compiled it',
      );
      const warm = await buildAtOnce('compile-warm', 4, cacheDir, { compiled: true, env });
      assert.equal(compiledFiles().length, files.length, 'nothing was compiled again');
      assertSameRelease([...cold, ...warm]);
      await assertCacheSound(cacheDir);
    },
  );

/** A C++ compiler that notes which files it writes, and the environment that makes node-gyp use it. */
function watchCompiler(): { env: RunOptions['env']; compiledFiles: () => readonly string[] } {
  const directory = join(temp.path, 'compiler');
  const log = join(directory, 'log');
  mkdirSync(directory);
  writeFileSync(log, '');
  for (const tool of ['gcc', 'g++']) {
    const path = join(directory, tool);
    const note = `for each; do [ "$before" = -o ] && echo "$each"; before=$each; done >> '${log}'`;
    writeFileSync(path, `#!/bin/sh\n${note}\nexec ${tool} "$@"\n`);
    chmodSync(path, 0o755);
  }
  return {
    env: { CC: join(directory, 'gcc'), CXX: join(directory, 'g++') },
    compiledFiles: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
  };
}
