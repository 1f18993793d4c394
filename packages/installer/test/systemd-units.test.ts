import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemdUnits } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir, withCode } from './test-root.js';

const WORDS = { root: '/srv/shop', name: 'shop', user: 'root', program: process.execPath };

test('the socket unit owns the address, the service unit runs serve as the user', () => {
  const [socket, service] = systemdUnits({ ...WORDS, listen: 'unix:/run/shop.sock' });
  assert.deepEqual([socket?.file, service?.file], ['shop.socket', 'shop.service']);
  assert.match(socket?.text ?? '', /^ListenStream=\/run\/shop\.sock$/m);
  assert.match(socket?.text ?? '', /^SocketUser=root$/m);
  assert.match(service?.text ?? '', /^ExecStart=.* serve --root \/srv\/shop$/m);
  assert.match(service?.text ?? '', /^User=root$/m);
});

test('name and address come from the current release when they are not given', async (context) => {
  const root = makeTempDir(context);
  await install(
    root,
    await makeArtifact({ 'a.js': '' }, { name: 'till', host: { serve: { listen: '127.0.0.1:81' } } }),
  );
  const [socket, service] = systemdUnits({ root, program: process.execPath });
  assert.equal(service?.file, 'till.service');
  assert.match(socket?.text ?? '', /^ListenStream=127\.0\.0\.1:81$/m);
});

test('words that would change the meaning of a unit are refused', (context) => {
  const empty = makeTempDir(context);
  for (const bad of [{ name: 'a b' }, { user: 'x\nUser=root' }, { root: '/srv/a b' }, { listen: 'fd:3' }]) {
    assert.throws(() => systemdUnits({ ...WORDS, ...bad }), withCode('E_USAGE'));
  }
  assert.throws(() => systemdUnits({ root: empty, program: 'x' }), withCode('E_USAGE'));
});

test('systemd finds nothing wrong with the units', (context) => {
  const directory = makeTempDir(context);
  const files = systemdUnits({ ...WORDS, root: directory }).map(({ file, text }) => {
    writeFileSync(join(directory, file), text);
    return join(directory, file);
  });
  const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  });
  if (error !== undefined) {
    context.skip('systemd-analyze is not installed');
    return;
  }
  const complaints = stderr.split('\n').filter((line) => line.includes(directory));
  assert.deepEqual([status, complaints], [0, []], stderr);
});
