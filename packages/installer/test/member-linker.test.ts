import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyRelease } from '@salver/installer';
import { LARGE, version } from './sample-app.js';
import { install, makeTempDir, snapshot } from './test-root.js';

test('an update links what is the same and reads only what is new', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const artifact = await version(2);
  const result = await install(root, artifact);
  assert.equal(result.changed, true);
  assert.equal(result.previous, readlinkSync(join(root, 'previous')).slice('releases/'.length));
  assert.ok(result.previous?.startsWith('1.0.1-'));
  assert.equal(result.filesLinked, 4, 'index.js twice, run, native.node');
  assert.equal(result.filesWritten, 2, 'server.js and the empty file');
  assert.ok(result.bytesFetched < 5_000, `${result.bytesFetched} bytes read`);
  const old = join(root, 'releases', result.previous ?? '');
  const inode = (base: string, path: string): number => statSync(join(base, path)).ino;
  for (const path of ['node_modules/a/index.js', 'node_modules/b/native.node', 'node_modules/a/bin/run']) {
    assert.equal(inode(join(root, 'current/'), path), inode(old, path), path);
  }
  assert.notEqual(inode(join(root, 'current/'), 'node_modules/a/empty'), inode(old, 'node_modules/a/empty'));
  assert.equal(readFileSync(join(root, 'current/server.js'), 'utf8'), 'console.log(2)');
  await verifyRelease({ root });
});

test('an update gives the same tree as a fresh installation', async (context) => {
  const updated = makeTempDir(context);
  const fresh = makeTempDir(context);
  await install(updated, await version(1));
  await install(updated, await version(2));
  await install(fresh, await version(2));
  assert.deepEqual(snapshot(join(updated, 'current/')), snapshot(join(fresh, 'current/')));
});

test('a large file of which a part changed is made from the old one and the new pieces', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const changed = Buffer.from(LARGE);
  changed.write('changed', 700_000);
  const result = await install(root, await version(2, { 'node_modules/b/native.node': changed }));
  assert.ok(readFileSync(join(root, 'current/node_modules/b/native.node')).equals(changed));
  assert.ok(result.bytesFetched < 700_000, `${result.bytesFetched} bytes read`);
  assert.ok(result.bytesFetched > 60_000);
  await verifyRelease({ root });
});

test('a large file that moved is made from the old one', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const result = await install(root, await version(2, { 'assets/big.bin': LARGE }));
  assert.ok(readFileSync(join(root, 'current/assets/big.bin')).equals(LARGE));
  assert.ok(result.bytesFetched < 10_000, `${result.bytesFetched} bytes read`);
});

test('a file that the app edited in place is not taken over', async (context) => {
  const edits: Record<string, (path: string) => void> = {
    append: (path) => appendFileSync(path, '// edited'),
    'same size': (path) => writeFileSync(path, 'module.exports = "X"'),
    'same size, old time': (path) => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, 'module.exports = "Y"');
      utimesSync(path, atime, new Date(mtime.getTime() + 1));
    },
    mode: (path) => chmodSync(path, 0o600),
  };
  for (const [name, edit] of Object.entries(edits)) {
    const root = makeTempDir(context);
    await install(root, await version(1));
    edit(join(root, 'current/node_modules/a/index.js'));
    await install(root, await version(2));
    const path = join(root, 'current/node_modules/a/index.js');
    assert.equal(readFileSync(path, 'utf8'), 'module.exports = "a"', name);
    assert.equal(statSync(path).mode & 0o7777, 0o644, name);
    await verifyRelease({ root });
  }
});

test('a large file that the app edited in place is not taken over', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  appendFileSync(join(root, 'current/node_modules/b/native.node'), 'x');
  await install(root, await version(2));
  assert.ok(readFileSync(join(root, 'current/node_modules/b/native.node')).equals(LARGE));
});

test('with rehash, an edit that keeps size and time is found as well', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const path = join(root, 'current/node_modules/a/index.js');
  const record = join(root, '.salver/records', readdirSync(join(root, '.salver/records'))[0] ?? '');
  const { mtimeMs } = statSync(path);
  writeFileSync(path, 'module.exports = "E"');
  // Times cannot be set to the nanosecond from here: make the record agree with the edited file instead.
  forgeRecord(record, String(mtimeMs), String(statSync(path).mtimeMs));
  await install(root, await version(2), { rehash: true });
  assert.equal(readFileSync(join(root, 'current/node_modules/a/index.js'), 'utf8'), 'module.exports = "a"');
});

/** Replaces text in a record and gives it a fitting digest again. */
function forgeRecord(path: string, from: string, to: string): void {
  const [facts = '', ...body] = readFileSync(path, 'utf8').split('\n');
  const forged = body.join('\n').slice(0, -1).replaceAll(from, to);
  const bodyDigest = createHash('sha256').update(forged).digest('hex');
  writeFileSync(path, `${JSON.stringify({ ...(JSON.parse(facts) as object), bodyDigest })}\n${forged}\n`);
}

test('a damaged record is not used: everything is read from the artifact', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const record = join(root, '.salver/records', `${first.release}.jsonl`);
  writeFileSync(record, readFileSync(record, 'utf8').replace('index.js', 'index.jx'));
  const result = await install(root, await version(2));
  assert.equal(result.filesLinked, 0);
  assert.equal(result.filesWritten, 6);
});

test('without linking, every file is written', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1));
  const result = await install(root, await version(2), { linkMode: 'none' });
  assert.equal(result.filesLinked, 0);
  assert.equal(result.filesWritten, 6);
  const copied = await install(root, await version(3), { linkMode: 'copy' });
  assert.equal(copied.filesLinked, 0);
  assert.ok(copied.bytesFetched < 5_000, 'copies come from the installed release');
  await verifyRelease({ root });
});
