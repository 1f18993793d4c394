// What goes wrong in a build: one code each, and nothing left behind.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_PROGRESS, isSalverError } from '@salver/core';
import { noise } from '@salver/testing';
import { APP, assertNothingLeft, build, places, withCode } from './build-place.js';
import type { FakeOptions } from './fake-ecosystem.js';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir } from './temp-tree.js';

test('a build that fails, a secret and a missing lockfile leave nothing behind', async (t) => {
  const place = places(t);
  await assert.rejects(build(place, { defaultBuild: ['exit 3'] }), withCode('E_BUILD_COMMAND_FAILED'));
  assertNothingLeft(place);
  writeFileSync(join(place.project, '.env'), 'X=1');
  let collected = false;
  await assert.rejects(build(place, { onCollect: () => (collected = true) }), withCode('E_SECRET_FOUND'));
  assert.equal(collected, false, 'secrets are found before anything is fetched');
  assertNothingLeft(place);
  const empty = places(t, { 'package.json': '{}' });
  await assert.rejects(build(empty), withCode('E_LOCK_MISSING'));
  await assert.rejects(build({ ...empty, project: '/nonexistent/x' }), withCode('E_USAGE'));
});

test('a secret that only the build puts together is found in its output', async (t) => {
  const place = places(t);
  const fake = { defaultBuild: [`printf 'gh%s%s' p_ abcdefghijklmnopqrstuvwxyz0123456789 > bundle.js`] };
  await assert.rejects(
    build(place, fake),
    (error) => isSalverError(error, 'E_SECRET_FOUND') && error.message.includes('bundle.js:1'),
  );
  assertNothingLeft(place);
});

test('a cache entry that is damaged between find and copy is made again by itself, with a warning', async (t) => {
  const place = places(t, { ...APP, 'deps.lock': `a=one\nbig=${noise(200_000).toString('hex')}\n` });
  const first = await build(place);
  const good = readFileSync(first.artifact);
  const units = listFiles(join(place.cache, 'units')).map((path) => join(place.cache, 'units', path));
  const large = units.find((path) => statSync(path).size > 100_000) ?? '';
  const bad = readFileSync(large);
  bad[1000] = (bad[1000] as number) ^ 1;
  writeFileSync(large, bad);
  let collected = 0;
  const progress = recordingProgress();
  const output = `${place.output}2`;
  const second = await build({ ...place, output }, { onCollect: () => (collected += 1) }, { progress });
  assert.equal(collected, 2);
  assert.ok(readFileSync(second.artifact).equals(good));
  assert.ok(second.warnings.some((text) => text.includes('[E_CACHE_DAMAGED]')));
  assert.deepEqual(readdirSync(output).length, 2);
});

test('damage that comes back ends with E_CACHE_DAMAGED after the second attempt', async (t) => {
  const place = places(t, { ...APP, 'deps.lock': `big=${noise(200_000).toString('hex')}\n` });
  await build(place);
  const damage = (): void => {
    for (const path of listFiles(join(place.cache, 'members')))
      writeFileSync(join(place.cache, 'members', path), 'x');
  };
  const progress = {
    ...SILENT_PROGRESS,
    step: (name: string) => (name === 'writing' && damage(), SILENT_PROGRESS.step(name)),
  };
  const output = `${place.output}2`;
  await assert.rejects(build({ ...place, output }, {}, { progress }), withCode('E_CACHE_DAMAGED'));
  assert.deepEqual(readdirSync(output), []);
});

test('a build that is stopped ends with E_INTERRUPTED and leaves nothing', async (t) => {
  for (const moment of ['before', 'while collecting', 'while building'] as const) {
    const place = places(t);
    const stop = new AbortController();
    if (moment === 'before') stop.abort();
    const fake: FakeOptions = {
      defaultBuild: ['true'],
      onCollect: () => moment === 'while collecting' && stop.abort(),
      onLayOut: () => moment === 'while building' && stop.abort(),
    };
    await assert.rejects(build(place, fake, { signal: stop.signal }), withCode('E_INTERRUPTED'), moment);
    assertNothingLeft(place);
  }
});

test(
  'the name of each place where the disk is full is told, and nothing is left',
  { skip: tmpfsProblem() },
  async (t) => {
    const place = places(t, { ...APP, 'deps.lock': `big=${noise(400_000).toString('hex')}\n` });
    for (const full of ['output', 'cache'] as const) {
      const mount = join(tempDir(t), 'small');
      mkdirSync(mount);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', mount]);
      try {
        const there = { ...place, [full]: mount };
        await assert.rejects(build(there), withCode('E_DISK_FULL'), full);
        if (full === 'output') assert.deepEqual(readdirSync(mount), []);
        else assert.deepEqual(readdirSync(join(mount, 'tmp')), []);
      } finally {
        execFileSync('umount', [mount]);
      }
    }
  },
);

function tmpfsProblem(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'needs root to mount a small file system';
  return spawnSync('mount', ['--version']).status === 0 ? false : 'mount is not installed';
}
