import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSalverError } from '@salver/core';
import { hostPaths } from '../dist/host-paths.js';
import type { HostPaths } from '../dist/host-paths.js';
import { withRootLock } from '../dist/lock.js';
import { makeTempDir, withCode } from './test-root.js';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../dist');

function makePaths(context: TestContext): HostPaths {
  const paths = hostPaths(makeTempDir(context));
  mkdirSync(paths.state);
  return paths;
}

/** A child process that takes the lock, says so, and keeps it until it is killed. */
async function spawnHolder(paths: HostPaths, toolPath?: string): Promise<ChildProcess> {
  const script = `
    import { hostPaths } from '${DIST}/host-paths.js';
    import { withRootLock } from '${DIST}/lock.js';
    const options = { action: 'hold', toolPath: ${JSON.stringify(toolPath)} };
    await withRootLock(hostPaths(${JSON.stringify(paths.root)}), options, async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

const pass = (): Promise<string> => Promise.resolve('done');

// With flock(1), and with a PATH where there is none.
for (const toolPath of [undefined, '/nowhere']) {
  const kind = toolPath === undefined ? 'flock(1)' : 'a hard link';

  test(`with ${kind}: a second process is refused and told who holds the lock since when`, async (context) => {
    const paths = makePaths(context);
    const holder = await spawnHolder(paths, toolPath);
    context.after(() => kill(holder));
    await assert.rejects(withRootLock(paths, { action: 'install', toolPath }, pass), (error) => {
      assert.ok(isSalverError(error, 'E_LOCK_HELD'));
      assert.equal(error.facts.pid, holder.pid);
      assert.equal(error.facts.action, 'hold');
      assert.ok(Math.abs(Date.now() - Date.parse(String(error.facts.since))) < 60_000);
      return true;
    });
  });

  test(`with ${kind}: the lock of a killed process is free at once`, async (context) => {
    const paths = makePaths(context);
    await kill(await spawnHolder(paths, toolPath));
    assert.equal(await withRootLock(paths, { action: 'install', toolPath }, pass), 'done');
  });

  test(`with ${kind}: waits for the holder as long as allowed`, async (context) => {
    const paths = makePaths(context);
    const holder = await spawnHolder(paths, toolPath);
    const waiting = withRootLock(paths, { action: 'install', toolPath, waitMs: 30_000 }, pass);
    await kill(holder);
    assert.equal(await waiting, 'done');
  });

  test(`with ${kind}: the lock is free again after success and after failure`, async (context) => {
    const paths = makePaths(context);
    const options = { action: 'install', toolPath };
    await withRootLock(paths, options, pass);
    await assert.rejects(
      withRootLock(paths, options, () => Promise.reject(new Error('inner'))),
      /inner/,
    );
    assert.equal(await withRootLock(paths, options, pass), 'done');
    assert.equal(existsSync(`${paths.lock}.held`), false);
    assert.equal(readFileSync(paths.lock, 'utf8'), '');
  });

  test(`with ${kind}: the other kind of lock is honoured`, async (context) => {
    const paths = makePaths(context);
    const holder = await spawnHolder(paths, toolPath === undefined ? '/nowhere' : undefined);
    context.after(() => kill(holder));
    await assert.rejects(withRootLock(paths, { action: 'install', toolPath }, pass), withCode('E_LOCK_HELD'));
  });
}

test('a lock whose number now belongs to another process is stale', async (context) => {
  const paths = makePaths(context);
  const note = `pid=${process.pid}\nstart=1\nboot=${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')}since=x\naction=y\n`;
  writeFileSync(`${paths.lock}.held`, note);
  assert.equal(await withRootLock(paths, { action: 'install', toolPath: '/nowhere' }, pass), 'done');
});

test('aborting ends the wait', async (context) => {
  const paths = makePaths(context);
  const holder = await spawnHolder(paths);
  context.after(() => kill(holder));
  const controller = new AbortController();
  const waiting = withRootLock(paths, { action: 'install', waitMs: 60_000, signal: controller.signal }, pass);
  controller.abort();
  await assert.rejects(waiting, withCode('E_INTERRUPTED'));
});
