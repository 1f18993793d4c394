import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { supervisorStatus, switchSupervised } from '@salver/installer';
import { hostPaths } from '../dist/host-paths.js';
import type { HostPaths } from '../dist/host-paths.js';
import { reachableSocketPath } from '../dist/serve/control-messages.js';
import type { ControlAnswer, ControlRequest } from '../dist/serve/control-messages.js';
import { openControlServer } from '../dist/serve/control-server.js';
import { makeTempDir, withCode } from './test-root.js';

const OPTIONS = { deadlineMs: 5_000 };

/** A root, as deep below others as wanted, with a supervisor that answers as told. */
async function answering(
  t: TestContext,
  answer: (request: ControlRequest) => Promise<ControlAnswer>,
  below = '',
): Promise<HostPaths> {
  const paths = hostPaths(join(makeTempDir(t), below));
  mkdirSync(paths.serve, { recursive: true });
  const server = await openControlServer(paths, answer);
  t.after(() => server.close());
  return paths;
}

test('a root that nobody serves has no supervisor, also when a killed one left its socket', async (t) => {
  const paths = hostPaths(makeTempDir(t));
  assert.deepEqual(await switchSupervised(paths, '1.0.0-0123456789ab', OPTIONS), { state: 'none' });
  assert.equal(await supervisorStatus(paths), undefined);
  mkdirSync(paths.serve, { recursive: true });
  assert.deepEqual(await switchSupervised(paths, '1.0.0-0123456789ab', OPTIONS), { state: 'none' });
});

for (const below of ['', 'deep/'.repeat(40)]) {
  test(`orders and answers pass${below === '' ? '' : ', however long the path of the root is'}`, async (t) => {
    const seen: ControlRequest[] = [];
    const failed = { state: 'failed', reason: 'it exited with status 1', output: 'no\n' } as const;
    const handle = (request: ControlRequest): Promise<ControlAnswer> => {
      seen.push(request);
      return Promise.resolve(failed);
    };
    const paths = await answering(t, handle, below);
    assert.deepEqual(await switchSupervised(paths, '1.0.0-0123456789ab', OPTIONS), failed);
    assert.deepEqual(seen, [{ do: 'switch', release: '1.0.0-0123456789ab', deadlineMs: 5_000 }]);
  });
}

test('a supervisor that ends without an answer is a failure, not a success', async (t) => {
  const paths = hostPaths(makeTempDir(t));
  mkdirSync(paths.serve, { recursive: true });
  const server = createServer((socket) => socket.destroy()).listen(reachableSocketPath(paths.serveSocket));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { state } = await switchSupervised(paths, '1.0.0-0123456789ab', OPTIONS);
  assert.equal(state, 'failed');
  assert.equal(await supervisorStatus(paths), undefined);
});

test('waiting for a switch ends with the signal', async (t) => {
  const paths = await answering(t, () => new Promise(() => undefined));
  const controller = new AbortController();
  const waiting = switchSupervised(paths, '1.0.0-0123456789ab', { ...OPTIONS, signal: controller.signal });
  controller.abort();
  await assert.rejects(waiting, withCode('E_INTERRUPTED'));
});
