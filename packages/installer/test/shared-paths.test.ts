import assert from 'node:assert/strict';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Manifest } from '@salver/core';
import { verifyRelease } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import type { ArtifactFiles } from '@salver/testing';
import { install, makeTempDir, withCode } from './test-root.js';

function sharing(
  shared: readonly string[],
  files: ArtifactFiles = {},
  version = '1.0.0',
): ReturnType<typeof makeArtifact> {
  const host: Manifest['host'] = { shared };
  return makeArtifact({ 'server.js': version, ...files }, { version, host });
}

test('makes an empty shared directory and a relative link to it in each release', async (context) => {
  const root = makeTempDir(context);
  await install(root, await sharing(['uploads', 'var/log']));
  const current = join(root, 'current');
  assert.equal(readlinkSync(join(current, 'uploads')), '../../shared/uploads');
  assert.equal(readlinkSync(join(current, 'var/log')), '../../../shared/var/log');
  assert.equal(realpathSync(join(current, 'var/log')), realpathSync(join(root, 'shared/var/log')));
  writeFileSync(join(current, 'uploads/photo'), 'data');
  await install(root, await sharing(['uploads', 'var/log'], {}, '2.0.0'));
  assert.equal(readFileSync(join(current, 'uploads/photo'), 'utf8'), 'data');
  await verifyRelease({ root });
});

test('what the release ships at a shared path is the initial content, once, as a private copy', async (context) => {
  const root = makeTempDir(context);
  const files = {
    'uploads/keep': 'v1',
    'uploads/deep/run': { data: '#!', executable: true },
    'db.sqlite': 'empty',
  };
  const shared = ['uploads', 'db.sqlite'];
  await install(root, await sharing(shared, files));
  assert.equal(readFileSync(join(root, 'shared/uploads/keep'), 'utf8'), 'v1');
  assert.equal(statSync(join(root, 'shared/uploads/deep/run')).mode & 0o777, 0o755);
  assert.equal(readFileSync(join(root, 'current/db.sqlite'), 'utf8'), 'empty');
  assert.equal(statSync(join(root, 'shared/uploads/keep')).nlink, 1);
  writeFileSync(join(root, 'current/uploads/keep'), 'written by the app');
  const second = await install(root, await sharing(shared, { ...files, 'uploads/keep': 'v2' }, '2.0.0'));
  assert.equal(readFileSync(join(root, 'shared/uploads/keep'), 'utf8'), 'written by the app');
  assert.equal(second.changed, true);
  await verifyRelease({ root });
});

test('data that an operator put there first stays, also a link to another disk', async (context) => {
  const root = makeTempDir(context);
  mkdirSync(join(root, 'shared'));
  mkdirSync(join(root, 'disk'));
  symlinkSync('../disk', join(root, 'shared/uploads'));
  symlinkSync('../not-mounted', join(root, 'shared/cache'));
  await install(root, await sharing(['uploads', 'cache'], { 'uploads/keep': 'initial' }));
  assert.equal(readlinkSync(join(root, 'shared/uploads')), '../disk');
  assert.equal(readlinkSync(join(root, 'shared/cache')), '../not-mounted');
});

test('an installation that is not activated does not touch shared data', async (context) => {
  const root = makeTempDir(context);
  await install(root, await sharing(['uploads'], { 'uploads/keep': 'x' }), { activate: false });
  assert.throws(() => statSync(join(root, 'shared/uploads')), /ENOENT/);
});

test('refuses shared paths and contents that cannot go together', async (context) => {
  const root = makeTempDir(context);
  const refused: Record<string, Awaited<ReturnType<typeof makeArtifact>>> = {
    'in each other': await sharing(['a', 'a/b']),
    twice: await sharing(['a', 'a']),
    'of Salver': await sharing(['.salver/x']),
    'a link inside': await sharing(['uploads'], { 'uploads/out': { linkTo: '../server.js' } }),
    'a file above': await sharing(['var/log'], { var: 'file' }),
  };
  for (const [name, artifact] of Object.entries(refused)) {
    await assert.rejects(install(root, artifact), withCode('E_PATH_UNSAFE'), name);
  }
  await assert.rejects(install(root, await sharing(['../x'])), withCode('E_MANIFEST_INVALID'));
  assert.throws(() => readlinkSync(join(root, 'current')), /ENOENT/);
});

const notRoot = process.getuid?.() === 0 ? false : 'only root can give files to another user';

test('what is made belongs to whom shared/ belongs', { skip: notRoot }, async (context) => {
  const root = makeTempDir(context);
  const [uid, gid] = [12_345, 12_346];
  mkdirSync(join(root, 'shared'));
  chownSync(join(root, 'shared'), uid, gid);
  await install(root, await sharing(['uploads', 'var/log'], { 'uploads/deep/keep': 'v1' }));
  const places = ['uploads', 'uploads/deep', 'uploads/deep/keep', 'var', 'var/log'];
  const owners = places
    .map((place) => lstatSync(join(root, 'shared', place)))
    .map((each) => [each.uid, each.gid]);
  assert.deepEqual(
    owners,
    places.map(() => [uid, gid]),
  );
});
