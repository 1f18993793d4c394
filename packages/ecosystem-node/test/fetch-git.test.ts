import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { isSalverError } from '@salver/core';
import { PackageFetcher } from '../dist/fetch-package.js';
import type { PlannedPackage } from '../dist/install-plan.js';
import { readTarball } from '../dist/tarball-reader.js';
import { npmOptionsDouble, plannedPackage, withContext } from './context-double.js';
import type { ContextDouble } from './context-double.js';

const missing = ['git', 'npm'].find((program) => spawnSync(program, ['--version']).status !== 0);
const skip = missing === undefined ? false : `${missing} is not on this machine`;

/** A repository with one commit, and the package of a plan that comes from it. */
async function makeRepository(directory: string): Promise<PlannedPackage> {
  const git = (...args: readonly string[]): string => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.net', '-c', 'commit.gpgsign=false'];
    const result = spawnSync('git', [...identity, ...args], { cwd: directory, encoding: 'utf8' });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout.trim();
  };
  await mkdir(directory);
  await writeFile(join(directory, 'package.json'), '{"name":"g","version":"1.0.0","files":["index.js"]}');
  await writeFile(join(directory, 'index.js'), 'from git');
  await writeFile(join(directory, 'left-out.js'), 'not among the files');
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  const commit = git('rev-parse', 'HEAD');
  return plannedPackage({
    name: 'g',
    source: { kind: 'git', url: `git+file://${directory}#${commit}`, commit },
  });
}

function fetcherFor(context: ContextDouble, offline = false): PackageFetcher {
  const settings = { allowGit: ['g'] };
  return new PackageFetcher({
    ...context,
    settings,
    offline,
    npmOptions: npmOptionsDouble('http://127.0.0.1:1/'),
  });
}

test('packs a pinned commit as npm does, once', { skip }, () =>
  withContext(async (context) => {
    const repository = join(context.projectDir, 'repository');
    const item = await makeRepository(repository);
    const stored = await fetcherFor(context).fetch(item);
    const raw = gunzipSync(await readFile(stored.path));
    const tar = {
      sizeBytes: raw.length,
      readSync: (offset: number, length: number) => raw.subarray(offset, offset + length),
    };
    const files = readTarball(tar, { description: 'g' }).map(({ path }) => path);
    assert.deepEqual([...files].sort(), ['index.js', 'package.json']);

    await rm(repository, { recursive: true });
    const again = fetcherFor(context, true);
    assert.equal(again.knownIntegrity(item), stored.integrity);
    assert.equal((await again.fetch(item)).path, stored.path);
  }),
);

test('says that a commit cannot be had, without credentials of its URL', { skip }, () =>
  withContext(async (context) => {
    const item = await makeRepository(join(context.projectDir, 'repository'));
    const commit = '0'.repeat(40);
    const url = `git+file://user:secret@localhost${context.projectDir}/gone#${commit}`;
    await assert.rejects(
      fetcherFor(context).fetch({ ...item, source: { kind: 'git', url, commit } }),
      (error) => {
        assert.ok(isSalverError(error, 'E_DOWNLOAD_FAILED'));
        assert.ok(!error.message.includes('secret'));
        return true;
      },
    );
  }),
);

test('asks nobody for a repository when offline', () =>
  withContext(async (context) => {
    const commit = '1'.repeat(40);
    const item = plannedPackage({
      name: 'g',
      source: { kind: 'git', url: `git+ssh://git@example.net/g.git#${commit}`, commit },
    });
    await assert.rejects(fetcherFor(context, true).fetch(item), (error) =>
      isSalverError(error, 'E_REGISTRY_UNREACHABLE'),
    );
  }));
