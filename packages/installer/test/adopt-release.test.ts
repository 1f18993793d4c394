import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyRelease } from '@salver/installer';
import { version } from './sample-app.js';
import { install, makeTempDir, withCode } from './test-root.js';

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
  rmSync(record);
  const again = await install(root, await version(1));
  assert.equal(again.changed, false);
  assert.deepEqual(readFileSync(record, 'utf8').split('\n').slice(1), before);
});

test('refuses to replace the current release when it is damaged and has no record', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  writeFileSync(join(root, 'current/server.js'), 'damaged');
  rmSync(join(root, '.salver/records', `${first.release}.jsonl`));
  await assert.rejects(install(root, await version(1)), withCode('E_RELEASE_DAMAGED'));
  assert.equal(readlinkSync(join(root, 'current')), `releases/${first.release}`);
});
