import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installRelease, verifyRelease } from '@salver/installer';
import { makeArtifact, memorySource } from '@salver/testing';
import type { ArtifactFiles } from '@salver/testing';
import { install, makeTempDir, snapshot, withCode } from './test-root.js';

/** Bytes that do not compress and are the same in every run. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const LARGE = noise(1_500_000, 7);
const DEPENDENCIES: ArtifactFiles = {
  'node_modules/a/index.js': 'module.exports = "a"',
  'node_modules/a/bin/run': { data: '#!/bin/sh\n', executable: true },
  'node_modules/a/empty': '',
  'node_modules/b/native.node': LARGE,
  'node_modules/b/index.js': 'module.exports = "b"',
  'node_modules/.bin/run': { linkTo: '../a/bin/run' },
};
const UNIT_PATHS = ['node_modules/a', 'node_modules/b'];

function version(number: number, more: ArtifactFiles = {}): ReturnType<typeof makeArtifact> {
  const files = { ...DEPENDENCIES, 'server.js': `console.log(${number})`, ...more };
  return makeArtifact(files, { version: `1.0.${number}`, unitPaths: UNIT_PATHS });
}

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
  const root = makeTempDir(context);
  const before = process.umask(0o077);
  try {
    await install(root, await version(1));
    assert.equal(process.umask(), 0o077);
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(join(root, 'current/server.js')).mode & 0o7777, 0o644);
  assert.equal(statSync(join(root, 'current/node_modules')).mode & 0o7777, 0o755);
  assert.equal(statSync(join(root, 'current/')).mode & 0o7777, 0o755);
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

test('an installed release that lost a file is put in order when it is installed again', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1), { activate: false });
  await install(root, await version(2));
  const path = join(root, 'releases', first.release, 'server.js');
  writeFileSync(path, 'damaged');
  const again = await install(root, await version(1));
  assert.equal(again.changed, true);
  assert.equal(readFileSync(join(root, 'current/server.js'), 'utf8'), 'console.log(1)');
  await verifyRelease({ root });
});

test('a release without a record is compared with the artifact and gets one', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const record = join(root, '.salver/records', `${first.release}.jsonl`);
  const before = readFileSync(record, 'utf8').split('\n').slice(1);
  await import('node:fs/promises').then((fs) => fs.rm(record));
  const again = await install(root, await version(1));
  assert.equal(again.changed, false);
  assert.deepEqual(readFileSync(record, 'utf8').split('\n').slice(1), before);
});

test('refuses to replace the current release when it is damaged and has no record', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  writeFileSync(join(root, 'current/server.js'), 'damaged');
  await import('node:fs/promises').then((fs) =>
    fs.rm(join(root, '.salver/records', `${first.release}.jsonl`)),
  );
  await assert.rejects(install(root, await version(1)), withCode('E_RELEASE_DAMAGED'));
  assert.equal(readlinkSync(join(root, 'current')), `releases/${first.release}`);
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
