import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_PROGRESS, isSalverError } from '@salver/core';
import { openBuildCache } from '@salver/builder';
import { runChild, startChild } from './child-process.js';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir, writeTree } from './temp-tree.js';

/** With flock(1) from the machine, and without any. */
const KINDS = [
  ['flock', { PATH: process.env.PATH }],
  ['link', { PATH: '/nonexistent' }],
] as const;

for (const [kind, env] of KINDS) {
  test(`one process at a time is inside a ${kind} lock, whatever the number of processes`, async (t) => {
    const directory = tempDir(t);
    writeTree(directory, { counter: '0' });
    const program = `
      for (let round = 0; round < 5; round += 1) {
        await cache.withLock('count', async () => {
          const before = Number(readFileSync(join(directory, 'counter'), 'utf8'));
          await new Promise((resolve) => setTimeout(resolve, 2));
          writeFileSync(join(directory, 'counter'), String(before + 1));
        });
      }`;
    await Promise.all(Array.from({ length: 4 }, () => runChild(program, { directory, env })));
    assert.equal(readFileSync(join(directory, 'counter'), 'utf8'), '20');
    assert.deepEqual(
      listFiles(join(directory, 'locks')).filter((path) => !path.endsWith('.lock')),
      [],
    );
  });

  test(`a ${kind} lock is free at once when its holder is killed`, async (t) => {
    const directory = tempDir(t);
    const child = startChild(
      `await cache.withLock('k', () => { console.log('inside'); return new Promise((r) => setTimeout(r, 1e6)); });`,
      {
        directory,
        env,
      },
    );
    await child.line('inside');
    const progress = recordingProgress();
    const cache = openBuildCache({ directory, progress, env });
    const waiting = cache.withLock('k', () => Promise.resolve('mine'));
    await waitUntil(() => progress.notes.length > 0);
    assert.match(progress.notes.join(), new RegExp(`process ${child.pid}, which works on k`));
    child.kill();
    assert.equal(await waiting, 'mine');
  });

  test(`waiting for a ${kind} lock ends with E_INTERRUPTED when the build is stopped`, async (t) => {
    const directory = tempDir(t);
    const holder = openBuildCache({ directory, progress: SILENT_PROGRESS, env });
    const stop = new AbortController();
    const progress = recordingProgress();
    const cache = openBuildCache({ directory, progress, env, signal: stop.signal });
    await holder.withLock('k', async () => {
      const waiting = assert.rejects(
        cache.withLock('k', () => Promise.resolve()),
        (error) => isSalverError(error, 'E_INTERRUPTED'),
      );
      await waitUntil(() => progress.notes.length > 0);
      stop.abort();
      await waiting;
    });
    assert.equal(await holder.withLock('k', () => Promise.resolve(1)), 1);
  });

  test(`calls within one process take turns at a ${kind} lock, also after a failure`, async (t) => {
    const cache = openBuildCache({ directory: tempDir(t), progress: SILENT_PROGRESS, env });
    const order: string[] = [];
    const enter = (name: string) =>
      cache.withLock('k', async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(`${name} out`);
        if (name === 'a') throw new RangeError('failed');
      });
    const results = await Promise.allSettled([enter('a'), enter('b'), enter('c')]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['rejected', 'fulfilled', 'fulfilled'],
    );
    assert.deepEqual(order, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });
}

for (const [name, spoil] of [
  ['of a process whose number is used again', (note: string[]) => note.with(1, '1')],
  ['of an earlier boot', (note: string[]) => note.with(2, 'abcdef012345')],
] as const) {
  test(
    `a link lock ${name} is taken over`,
    { skip: process.platform !== 'linux' && 'needs /proc' },
    async (t) => {
      const directory = tempDir(t);
      const cache = openBuildCache({ directory, progress: SILENT_PROGRESS, env: { PATH: '/nonexistent' } });
      let held = '';
      let note = '';
      await cache.withLock('k', () => {
        const [name = ''] = listFiles(join(directory, 'locks')).filter((path) => path.endsWith('.held'));
        held = join(directory, 'locks', name);
        note = readFileSync(held, 'latin1');
        return Promise.resolve();
      });
      writeFileSync(held, spoil(note.split('.')).join('.'));
      assert.equal(await cache.withLock('k', () => Promise.resolve('mine')), 'mine');
    },
  );
}

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
