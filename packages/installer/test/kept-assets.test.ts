import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { SILENT_PROGRESS } from '@salver/core';
import type { Manifest } from '@salver/core';
import {
  activateRelease,
  pruneReleases,
  recoverInstallation,
  rollbackRelease,
  verifyRelease,
} from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles, MadeArtifact } from '@salver/testing';
import { hostPaths } from '../dist/host-paths.js';
import { writeJournal } from '../dist/journal.js';
import { collectAssets, expiredAssets, keepAssets } from '../dist/kept-assets.js';
import { install, makeTempDir, withCode } from './test-root.js';

const DAY_MS = 86_400_000;

function release(
  number: number,
  files: ArtifactFiles,
  host: Manifest['host'] = {},
  keep: string | undefined = '30d',
): Promise<MadeArtifact> {
  return makeArtifact(
    { 'server.js': String(number), ...files },
    { version: `1.0.${number}`, host, assets: { 'dist/assets': { url: '/assets/', keep } } },
  );
}

const OLD = 'app-1a2b3c4d.js';
const NEW = 'app-5e6f7a8b.js';

function version(number: number, host: Manifest['host'] = {}): Promise<MadeArtifact> {
  const name = number === 1 ? OLD : NEW;
  const files = {
    [`dist/assets/${name}`]: `code ${number}`,
    'dist/assets/deep/index.html': `page ${number}`,
    'dist/assets/link.js': { linkTo: name },
  };
  return release(number, files, host);
}

function kept(root: string, name: string): string | undefined {
  const path = join(root, 'shared/static/assets', name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** A time so many days from now. */
function inDays(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}

async function two(context: TestContext): Promise<string> {
  const root = makeTempDir(context);
  await install(root, await version(1));
  await install(root, await version(2));
  return root;
}

test('files of the release before stay beside those of the new one, as links and without copies', async (context) => {
  const root = await two(context);
  assert.deepEqual([kept(root, OLD), kept(root, NEW)], ['code 1', 'code 2']);
  assert.deepEqual(readdirSync(join(root, 'shared/static/assets')).sort(), [OLD, NEW, 'deep'].sort());
  assert.equal(statSync(join(root, 'shared/static/assets', NEW)).nlink, 2);
  await verifyRelease({ root });
});

test('a name without a hash has the bytes of the current release, after a rollback as well', async (context) => {
  const root = await two(context);
  assert.equal(kept(root, 'deep/index.html'), 'page 2');
  await rollbackRelease({ root });
  assert.equal(kept(root, 'deep/index.html'), 'page 1');
  assert.equal(readFileSync(join(root, 'current/server.js'), 'utf8'), '1');
});

test('a release that fails its check gives the names back that it has taken', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const failing = await version(2, { hooks: { check: { run: 'false', deadline: '30ms' } } });
  await assert.rejects(install(root, failing), withCode('E_ACTIVATION_FAILED'));
  assert.equal(kept(root, 'deep/index.html'), 'page 1');
});

test('a run that died before the switch has taken no name for good', async (context) => {
  const root = makeTempDir(context);
  const paths = hostPaths(root);
  const { release: from } = await install(root, await version(1));
  const next = await version(2);
  const { release: to } = await install(root, next, { activate: false });
  const at = new Date().toISOString();
  const base = {
    format: 1,
    txid: '000009-x',
    seq: 9,
    act: 'install',
    bootId: '',
    at,
    previous: null,
  } as const;
  writeJournal(paths, { ...base, phase: 'activating', from, to });
  keepAssets({ paths, release: to, manifest: next.manifest, from, progress: SILENT_PROGRESS });
  assert.equal(kept(root, 'deep/index.html'), 'page 2');
  assert.equal((await recoverInstallation({ root })).outcome, 'not-activated');
  assert.equal(kept(root, 'deep/index.html'), 'page 1');
});

test('an old file goes when no installed release has it and its time is over, not before', async (context) => {
  const root = await two(context);
  const paths = hostPaths(root);
  assert.equal(collectAssets(paths, inDays(100)), 0);
  await install(root, await version(3));
  await pruneReleases({ root, keep: 1 });
  assert.equal(readdirSync(join(root, 'releases')).length, 2);
  assert.equal(collectAssets(paths, inDays(29)), 0);
  assert.equal(kept(root, OLD), 'code 1');
  assert.deepEqual(expiredAssets(paths, inDays(31)), [`assets/${OLD}`]);
  assert.equal(collectAssets(paths, inDays(31)), 1);
  assert.deepEqual([kept(root, OLD), kept(root, NEW)], [undefined, 'code 2']);
  assert.equal(collectAssets(paths, inDays(31)), 0);
});

test('the time begins when the last release that had the file stopped being current', async (context) => {
  const root = await two(context);
  const paths = hostPaths(root);
  const state = JSON.parse(readFileSync(paths.keptAssetsState, 'utf8')) as {
    readonly files: Record<string, { lastCurrentAt: string }>;
  };
  for (const file of Object.values(state.files)) file.lastCurrentAt = inDays(-40).toISOString();
  writeFileSync(paths.keptAssetsState, JSON.stringify(state));
  await install(root, await version(3));
  // What only the first release had is too old; what the second had was current until now.
  await pruneReleases({ root, keep: 1 });
  assert.equal(kept(root, OLD), undefined);
  await install(root, await release(4, { 'dist/assets/other.js': 'x' }));
  await pruneReleases({ root, keep: 1 });
  assert.equal(kept(root, NEW), 'code 2');
});

test('what lies there under a name with a hash is not replaced, but said', async (context) => {
  const root = makeTempDir(context);
  mkdirSync(join(root, 'shared/static/assets'), { recursive: true });
  writeFileSync(join(root, 'shared/static/assets', OLD), 'something else');
  const warnings: string[] = [];
  const step = { update: () => undefined, detail: () => undefined, end: () => undefined };
  const progress = {
    step: () => step,
    note: () => undefined,
    warn: (text: string) => void warnings.push(text),
  };
  await install(root, await version(1), { progress });
  assert.equal(kept(root, OLD), 'something else');
  assert.match(warnings.join(), /assets\/app-1a2b3c4d\.js has other bytes/);
});

const LINKS = ['shared/static', 'shared/static/assets', 'shared/static/assets/deep'];

for (const link of LINKS) {
  test(`nothing is placed or removed through a link at ${link}`, async (context) => {
    const root = makeTempDir(context);
    const outside = makeTempDir(context);
    await install(root, await version(1));
    mkdirSync(join(outside, 'assets/deep'), { recursive: true });
    for (const place of ['assets', 'assets/deep', '.'])
      for (const name of [OLD, 'index.html']) writeFileSync(join(outside, place, name), 'sentinel');
    rmSync(join(root, link), { recursive: true });
    symlinkSync(outside, join(root, link));
    await assert.rejects(install(root, await version(2)), withCode('E_ROOT_UNUSABLE'));
    assert.equal(readFileSync(join(root, 'current/server.js'), 'utf8'), '1');
    // Even what no release has any more is not removed behind the link.
    rmSync(join(root, 'releases'), { recursive: true });
    mkdirSync(join(root, 'releases'));
    assert.throws(() => collectAssets(hostPaths(root), inDays(100)), withCode('E_ROOT_UNUSABLE'));
    const found = readdirSync(outside, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(outside, name)).isFile(),
    );
    assert.equal(found.length, 6);
    for (const name of found) assert.equal(readFileSync(join(outside, name), 'utf8'), 'sentinel');
  });
}

test('a shared path where assets are kept is refused before anything is written', async (context) => {
  const root = makeTempDir(context);
  for (const shared of ['static', 'static/assets']) {
    await assert.rejects(install(root, await version(1, { shared: [shared] })), withCode('E_PATH_UNSAFE'));
  }
  assert.equal(existsSync(join(root, 'current')), false);
});

test('what a run left that died is in nobody’s way, and placing twice changes nothing', async (context) => {
  const root = makeTempDir(context);
  const artifact = await version(1);
  mkdirSync(join(root, 'shared/static/assets'), { recursive: true });
  writeFileSync(join(root, 'shared/static/assets/.salver-unfinished'), 'half');
  const { release: name } = await install(root, artifact);
  assert.deepEqual(readdirSync(join(root, 'shared/static/assets')).sort(), [OLD, 'deep']);
  const before = statSync(join(root, 'shared/static/assets', OLD)).ino;
  await install(root, await version(2));
  await activateRelease({ root, release: name });
  assert.equal(statSync(join(root, 'shared/static/assets', OLD)).ino, before);
});

test('assets that are not to be kept leave no trace', async (context) => {
  const root = makeTempDir(context);
  const artifact = await makeArtifact(
    { 'dist/assets/a.js': 'x' },
    { assets: { 'dist/assets': { url: '/assets/' } } },
  );
  await install(root, artifact);
  assert.equal(existsSync(join(root, 'shared/static')), false);
  assert.equal(existsSync(hostPaths(root).keptAssetsState), false);
});
