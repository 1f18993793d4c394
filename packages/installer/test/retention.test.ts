import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import {
  activateRelease,
  listReleases,
  pinRelease,
  pruneReleases,
  recoverInstallation,
  rollbackRelease,
} from '@salver/installer';
import { failure, historyOf, linkTo, nameOf, release, serveRoot } from './served-root.js';
import { install } from './test-root.js';

async function installMany(root: string, count: number, keep = 9): Promise<string[]> {
  const names: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    names.push((await install(root, await release(number, { keep }))).release);
  }
  return names;
}

function installed(root: string): readonly string[] {
  return readdirSync(join(root, 'releases')).sort();
}

test('an installation leaves the newest that the release asks for; records and marks go with the rest', async (context) => {
  const { root } = await serveRoot(context);
  const names = await installMany(root, 5, 3);
  assert.deepEqual(installed(root), names.slice(2));
  assert.equal(readdirSync(join(root, '.salver/records')).length, 3);
  assert.equal(readdirSync(join(root, '.salver/marks')).length, 3);
  assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
});

test('prune keeps what is current, previous, pinned or newest; a dry run only says so', async (context) => {
  const { root } = await serveRoot(context);
  const names = await installMany(root, 6);
  const [one = '', two = '', three = ''] = names;
  await pinRelease({ root, release: one });
  await activateRelease({ root, release: two });
  const would = await pruneReleases({ root, keep: 1, dryRun: true });
  assert.deepEqual(would.removed, names.slice(2, 5));
  assert.equal(installed(root).length, 6);
  assert.deepEqual((await pruneReleases({ root, keep: 1 })).removed, would.removed);
  assert.deepEqual(installed(root), [one, two, names[5]]);
  assert.equal((await pruneReleases({ root, keep: 1 })).changed, false);
  assert.deepEqual(historyOf(root).at(-1)?.['releases'], would.removed);
  assert.ok(!existsSync(join(root, 'releases', three)));

  assert.deepEqual(await pinRelease({ root, release: one, remove: true }), {
    changed: true,
    release: one,
    pinned: false,
  });
  assert.deepEqual((await pruneReleases({ root, keep: 1 })).removed, [one]);
});

const USES: readonly [how: string, use: (directory: string) => readonly [string[], string?]][] = [
  ['its working directory is there', (directory) => [['-c', 'echo ready; sleep 600'], directory]],
  ['it holds a file open', (directory) => [['-c', `exec 9<"${directory}/version"; echo ready; sleep 600`]]],
  ['its command line names it', (directory) => [['-c', 'echo ready; sleep 600; :', `${directory}/version`]]],
];

for (const [how, use] of USES) {
  test(`a release that a live process uses stays: ${how}`, async (context: TestContext) => {
    const { root } = await serveRoot(context);
    const [one = ''] = await installMany(root, 3);
    const [args, cwd] = use(join(root, 'releases', one));
    const child = spawn('sh', args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    const closed = once(child, 'close');
    await once(child.stdout, 'data');
    const pruned = await pruneReleases({ root, keep: 1 });
    assert.deepEqual(pruned.removed, []);
    assert.ok(pruned.kept.some((kept) => kept.release === one && kept.reasons.includes('in use')));
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await closed;
    assert.deepEqual((await pruneReleases({ root, keep: 1 })).removed, [one]);
  });
}

test('failed releases stay for inspection, the newest two, and are listed as failed', async (context) => {
  const { root } = await serveRoot(context);
  await install(root, await release(1));
  const failed: string[] = [];
  for (let number = 2; number <= 4; number += 1) {
    const artifact = await release(number, { hooks: { check: { run: 'false', deadline: '30ms' } } });
    await failure(install(root, artifact));
    failed.push(nameOf(artifact));
  }
  await pruneReleases({ root, keep: 1 });
  assert.deepEqual(installed(root).slice(1), failed.slice(1));
  assert.deepEqual(
    listReleases(root)
      .filter(({ health }) => health === 'failed')
      .map((one) => one.release)
      .sort(),
    failed.slice(1),
  );
});

test('a removal that died behind its rename is finished by recovery', async (context) => {
  const { root } = await serveRoot(context);
  const [one = ''] = await installMany(root, 3);
  renameSync(join(root, 'releases', one), join(root, '.salver/staging', `trash-${one}`));
  assert.equal((await recoverInstallation({ root })).removed, 3);
  assert.equal(readdirSync(join(root, '.salver/records')).length, 2);
  assert.equal(readdirSync(join(root, '.salver/marks')).length, 2);
});

test('when `previous` is gone, a rollback goes to the healthy release that ran last', async (context) => {
  const { root } = await serveRoot(context);
  const [one, two = ''] = await installMany(root, 3);
  renameSync(join(root, 'releases', two), join(root, 'gone'));
  assert.equal((await rollbackRelease({ root })).release, one);
  assert.equal(linkTo(root, 'current'), one);
});
