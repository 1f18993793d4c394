import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { bootId, startTicksOf } from '@salver/core';
import { hostPaths } from '../dist/host-paths.js';
import { endGroup } from '../dist/serve/app-process.js';
import { groupMembers } from '../dist/serve/command-processes.js';
import { findOrphans, writeServeRecord } from '../dist/serve/serve-record.js';
import { makeTempDir } from './test-root.js';

/** A leader with one child, both deaf to SIGTERM; resolves when both run. */
async function startDeafGroup(t: TestContext): Promise<number> {
  const script = 'trap "" TERM; sh -c \'trap "" TERM; echo ready; while :; do sleep 1; done\' & wait; wait';
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const { pid = 0 } = child;
  t.after(() => {
    for (const each of groupMembers(pid)) process.kill(each, 'SIGKILL');
  });
  await once(child.stdout, 'data');
  return pid;
}

test('a recorded process is an orphan when it is the very one that was started', async (t) => {
  const paths = hostPaths(makeTempDir(t));
  mkdirSync(paths.serve, { recursive: true });
  const pid = await startDeafGroup(t);
  const real = { pid, startTicks: startTicksOf(pid), bootId: bootId(), release: '1.0.0-0123456789ab' };
  const strangers = [
    { ...real, startTicks: '1' },
    { ...real, bootId: 'another boot' },
    { ...real, pid: 1 },
    { ...real, pid: -1 },
  ];
  writeServeRecord(paths, '127.0.0.1:1', [real, ...strangers]);
  assert.deepEqual(findOrphans(paths), [real]);
});

test('what a leader left behind is found and ended, with force when the time is over', async (t) => {
  const paths = hostPaths(makeTempDir(t));
  mkdirSync(paths.serve, { recursive: true });
  const pid = await startDeafGroup(t);
  const real = { pid, startTicks: startTicksOf(pid), bootId: bootId(), release: '1.0.0-0123456789ab' };
  writeServeRecord(paths, '127.0.0.1:1', [real]);
  process.kill(pid, 'SIGKILL');
  while (groupMembers(pid).includes(pid)) await new Promise(setImmediate);
  assert.deepEqual(findOrphans(paths), [real]);
  assert.equal(await endGroup(pid, 50), false);
  assert.deepEqual(groupMembers(pid), []);
  assert.deepEqual(findOrphans(paths), []);
});

test('a record that cannot be read names nobody', (t) => {
  const paths = hostPaths(makeTempDir(t));
  assert.deepEqual(findOrphans(paths), []);
  mkdirSync(paths.serve, { recursive: true });
  for (const text of ['', '{', '{"schemaVersion":1}', '{"schemaVersion":2,"processes":[{"pid":2}]}']) {
    writeFileSync(paths.serveRecord, text);
    assert.deepEqual(findOrphans(paths), []);
  }
});
