import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRelease, verifyRelease } from '@salver/installer';
import { makeArtifact, memorySource, noise } from '@salver/testing';
import { LARGE, version } from './sample-app.js';
import { install, makeTempDir, snapshot, withCode } from './test-root.js';

test('installs a release and makes it current', async (context) => {
  const root = makeTempDir(context);
  const artifact = await version(1);
  const result = await install(root, artifact);
  assert.equal(result.changed, true);
  assert.equal(result.id, artifact.id);
  assert.equal(result.release, `1.0.1-${artifact.id.slice(0, 12)}`);
  assert.equal(result.previous, null);
  assert.equal(result.filesWritten, 6);
  assert.equal(result.filesLinked, 0);
  assert.ok(result.bytesFetched > LARGE.length && result.bytesFetched < artifact.bytes.length);
  assert.equal(readlinkSync(join(root, 'current')), `releases/${result.release}`);
  const tree = snapshot(join(root, 'current/'));
  assert.deepEqual(Object.keys(tree).sort(), [
    '.salver',
    '.salver/layout.json',
    '.salver/manifest.json',
    '.salver/source.json',
    'node_modules',
    'node_modules/.bin',
    'node_modules/.bin/run',
    'node_modules/a',
    'node_modules/a/bin',
    'node_modules/a/bin/run',
    'node_modules/a/empty',
    'node_modules/a/index.js',
    'node_modules/b',
    'node_modules/b/index.js',
    'node_modules/b/native.node',
    'server.js',
  ]);
  assert.equal(tree['node_modules/a/bin/run'], 'file 755 #!/bin/sh\n');
  assert.equal(tree['node_modules/.bin/run'], 'link ../a/bin/run');
  assert.equal(tree['server.js'], 'file 644 console.log(1)');
  assert.ok(readFileSync(join(root, 'current/node_modules/b/native.node')).equals(LARGE));
  assert.equal(readdirSync(join(root, '.salver/staging')).length, 0);
});

test('gives modes 0644, 0755 whatever the umask of the caller, and leaves that umask alone', async (context) => {
  const root = join(makeTempDir(context), 'root');
  const before = process.umask(0o077);
  try {
    await install(root, await version(1));
    assert.equal(process.umask(), 0o077);
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(join(root, 'current/server.js')).mode & 0o7777, 0o644);
  assert.equal(statSync(join(root, 'current/node_modules')).mode & 0o7777, 0o755);
  for (const directory of ['', 'current/', 'releases', 'shared']) {
    assert.equal(statSync(join(root, directory)).mode & 0o7777, 0o755, directory);
  }
});

test('the same release again changes nothing and says so', async (context) => {
  const root = makeTempDir(context);
  const artifact = await version(1);
  const first = await install(root, artifact);
  const before = snapshot(root);
  const inode = lstatSync(join(root, 'current')).ino;
  const second = await install(root, artifact);
  assert.equal(second.changed, false);
  assert.equal(second.release, first.release);
  assert.equal(second.filesWritten + second.filesLinked, 0);
  assert.deepEqual(snapshot(root), before);
  assert.equal(lstatSync(join(root, 'current')).ino, inode);
});

test('without activation, current stays', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const second = await install(root, await version(2), { activate: false });
  assert.equal(second.changed, true);
  assert.equal(readlinkSync(join(root, 'current')), `releases/${first.release}`);
  assert.ok(existsSync(join(root, 'releases', second.release)));
  const again = await install(root, await version(2), { activate: false });
  assert.equal(again.changed, false);
  const activated = await install(root, await version(2));
  assert.equal(activated.changed, true);
  assert.equal(activated.filesLinked + activated.filesWritten, 0);
  assert.equal(readlinkSync(join(root, 'current')), `releases/${second.release}`);
});

test('refuses a root whose current is a directory, and leaves it alone', async (context) => {
  const root = makeTempDir(context);
  mkdirSync(join(root, 'current'));
  writeFileSync(join(root, 'current/precious'), 'data');
  await assert.rejects(install(root, await version(1)), withCode('E_ROOT_UNUSABLE'));
  assert.equal(readFileSync(join(root, 'current/precious'), 'utf8'), 'data');
  assert.deepEqual(readdirSync(join(root, 'releases')), []);
});

test('refuses another platform before anything is written', async (context) => {
  const root = join(makeTempDir(context), 'root');
  const artifact = await makeArtifact({ a: '1' }, { target: 'darwin-arm64' });
  await assert.rejects(install(root, artifact), withCode('E_PLATFORM_MISMATCH'));
  assert.equal(existsSync(root), false);
});

test('two threads write the same release as one, and record it so that an update links every file', async (context) => {
  const artifact = await version(1);
  const one = makeTempDir(context);
  const two = makeTempDir(context);
  const alone = await install(one, artifact, { threads: 1 });
  const result = await install(two, artifact, { threads: 2 });
  assert.equal(result.filesWritten, alone.filesWritten);
  assert.deepEqual(snapshot(join(two, 'current/')), snapshot(join(one, 'current/')));
  const update = await install(two, await version(2), { threads: 2 });
  assert.equal(update.filesLinked, 4);
  assert.equal(update.filesWritten, 2);
});

test('stops when the signal is aborted and leaves nothing behind', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const before = snapshot(root);
  const files: Record<string, Buffer> = {};
  for (let index = 0; index < 200; index += 1) files[`data/${index}`] = noise(200_000, index + 1);
  const large = await makeArtifact(files, { version: '2.0.0' });
  const controller = new AbortController();
  let reads = 0;
  const source = memorySource(large.bytes);
  const counting = {
    ...source,
    readSync: (offset: number, length: number) => {
      reads += 1;
      if (reads === 10) controller.abort();
      return source.readSync(offset, length);
    },
  };
  const options = { root, source: counting, durability: 'none', signal: controller.signal } as const;
  await assert.rejects(installRelease(options), withCode('E_INTERRUPTED'));
  assert.deepEqual(snapshot(root), before);
});

test('a damaged release that is not in use is mended by installing it again, without making it current', async (context) => {
  const root = makeTempDir(context);
  const [old, next] = [await version(1), await version(2)];
  const { release } = await install(root, old);
  await install(root, next);
  // A file of its own: an edit in place would reach the releases that share it.
  const file = join(root, 'releases', release, 'server.js');
  rmSync(file);
  writeFileSync(file, 'damaged');
  assert.equal((await install(root, old, { activate: false })).changed, true);
  await verifyRelease({ root, release });
  assert.equal((await install(root, old, { activate: false })).changed, false);
});
