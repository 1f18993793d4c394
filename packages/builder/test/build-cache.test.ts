import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_PROGRESS, fileEntry, isSalverError, sha256Hex } from '@salver/core';
import { defaultCacheDirectory, openBuildCache } from '@salver/builder';
import { noise } from '@salver/testing';
import { runChild, startChild } from './child-process.js';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir } from './temp-tree.js';

function open(directory: string) {
  return openBuildCache({ directory, progress: SILENT_PROGRESS, env: process.env });
}

/** A program that stores the same units and downloads over and over, until it is killed. */
const STORE_FOR_EVER = `
  const bytes = (size, seed) => Buffer.alloc(size, 'content ' + seed + ' ');
  const entry = (path, data) => ({ path, kind: 'file', executable: false, sizeBytes: data.length, linkTarget: '',
    readSync: (offset, length) => data.subarray(offset, offset + length) });
  async function* stream(data) { for (let at = 0; at < data.length; at += 1000) yield data.subarray(at, at + 1000); }
  console.log('ready');
  for (let round = 0; ; round += 1) {
    const data = bytes(200_000 + (round % 7), round % 7);
    await cache.storeUnit('unit ' + (round % 7), [entry('a/b', data), entry('a/c', bytes(10_000, round % 7))]);
    await cache.storeDownload(stream(data), { description: 'd' });
    await cache.storeContentUnit('app', [entry('x', data)]);
    cache.storeNote('note ' + (round % 7), { round: round % 7 });
  }`;

test('kill -9 while storing never leaves a wrong entry, and the next opener cleans up', async (t) => {
  const directory = tempDir(t);
  let leftovers = 0;
  for (let round = 0; round < 15; round += 1) {
    const child = startChild(STORE_FOR_EVER, { directory });
    await child.line('ready');
    await new Promise((resolve) => setTimeout(resolve, (round * 11) % 40));
    child.kill();
    assert.equal(await child.ended, 'SIGKILL');
    if (existsSync(join(directory, 'tmp'))) leftovers += readdirSync(join(directory, 'tmp')).length;
    const progress = recordingProgress();
    const cache = openBuildCache({ directory, progress, env: process.env });
    assert.deepEqual(cache.verify().damaged, [], `round ${round}`);
    for (let key = 0; key < 7; key += 1) cache.findUnit(`unit ${key}`)?.copySync(() => undefined);
    assert.deepEqual(progress.warnings, []);
    if (existsSync(join(directory, 'tmp'))) assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
  }
  assert.ok(leftovers > 0, 'some kill came in the middle of a write');
});

test('several processes that store and read the same entries never disturb each other', async (t) => {
  const directory = tempDir(t);
  const program = `
    const entry = (path, data) => ({ path, kind: 'file', executable: false, sizeBytes: data.length, linkTarget: '',
      readSync: (offset, length) => data.subarray(offset, offset + length) });
    for (let round = 0; round < 40; round += 1) {
      const data = Buffer.alloc(100_000, 'content ' + (round % 5));
      const key = 'unit ' + (round % 5);
      const unit = cache.findUnit(key) ?? (await cache.storeUnit(key, [entry('a', data)]));
      unit.copySync(() => undefined);
      await cache.storeUnit(key, [entry('a', data)]);
    }`;
  await Promise.all(Array.from({ length: 3 }, () => runChild(program, { directory })));
  const result = open(directory).verify();
  assert.deepEqual([result.checked, result.damaged], [5, []]);
  assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
});

test('tmp directories of live processes stay, those of dead ones go', async (t) => {
  const directory = tempDir(t);
  const program = `await cache.withTempDir(async (path) => { writeFileSync(join(path, 'f'), ''); console.log('inside');
    await new Promise((resolve) => setTimeout(resolve, 1e6)); });`;
  const child = startChild(program, { directory });
  await child.line('inside');
  open(directory);
  assert.equal(listFiles(join(directory, 'tmp')).length, 1, 'alive');
  child.kill();
  await child.ended;
  open(directory);
  assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a tmp directory is removed when ${signal} ends the process`, async (t) => {
    const directory = tempDir(t);
    const program = `await cache.withTempDir(async (path) => { writeFileSync(join(path, 'f'), ''); console.log('inside');
      await new Promise((resolve) => setTimeout(resolve, 1e6)); });`;
    const child = startChild(program, { directory });
    await child.line('inside');
    child.kill(signal);
    assert.equal(await child.ended, signal, 'the signal still ends the process');
    assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
  });
}

test('leftovers of another machine or container go only after a day', (t) => {
  const directory = tempDir(t);
  const tmp = join(directory, 'tmp');
  mkdirSync(tmp, { recursive: true });
  const [fresh, old] = ['12.34.abcdef012345.00000000.1', '12.34.abcdef012345.00000000.2'].map((name) =>
    join(tmp, name),
  );
  for (const path of [fresh, old]) writeFileSync(path as string, '');
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(old as string, twoDaysAgo, twoDaysAgo);
  open(directory);
  assert.deepEqual([existsSync(fresh as string), existsSync(old as string)], [true, false]);
});

test('a tmp directory is private, and gone after success and failure', async (t) => {
  const cache = open(tempDir(t));
  let seen = '';
  const result = await cache.withTempDir((path) => {
    seen = path;
    assert.equal(statSync(path).mode & 0o777, 0o700);
    // What a build left without write permission must not stop the removal.
    mkdirSync(join(path, 'locked'), { mode: 0o500 });
    return Promise.resolve(7);
  });
  assert.equal(result, 7);
  assert.ok(!existsSync(seen));
  await assert.rejects(
    cache.withTempDir((path) => {
      seen = path;
      throw new RangeError('failed');
    }),
    RangeError,
  );
  assert.ok(!existsSync(seen));
});

test('pruning removes the longest unused first and never what was just used', async (t) => {
  const directory = tempDir(t);
  const cache = open(directory);
  for (const key of ['old', 'older', 'new'])
    await cache.storeUnit(key, [fileEntry('f', noise(10_000, key.length))]);
  const days = (count: number): number => Date.now() / 1000 - count * 86_400;
  for (const path of cache.list().entries.map((entry) => join(directory, entry.path))) {
    if (isFileOf(path, 'old')) utimesSync(path, days(10), days(10));
    if (isFileOf(path, 'older')) utimesSync(path, days(20), days(20));
  }
  assert.equal(cache.prune({ unusedMs: 15 * 86_400_000, dryRun: true }).removed.length, 1);
  assert.ok(cache.findUnit('new') && cache.list().entries.length === 3, 'a dry run removes nothing');
  const byAge = cache.prune({ unusedMs: 15 * 86_400_000 });
  assert.equal(byAge.removed.length, 1);
  assert.equal(cache.findUnit('older'), undefined);
  const bySize = cache.prune({ sizeBytesMax: 1 });
  assert.equal(bySize.removed.length, 1, 'what was used within the hour stays');
  assert.equal(cache.findUnit('old'), undefined);
  assert.ok(cache.findUnit('new'));
  assert.equal(bySize.leftBytes, cache.list().sizeBytes);
  assert.throws(
    () => cache.prune({}),
    (error) => isSalverError(error, 'E_USAGE'),
  );
});

/** The file of a unit is named by the digest of its key. */
function isFileOf(path: string, key: string): boolean {
  return path.endsWith(sha256Hex(key).slice(2));
}

test('pruning removes clean copies that a killed build left long ago', (t) => {
  const directory = tempDir(t);
  const [old, fresh] = [join(directory, 'work', 'old'), join(directory, 'work', 'fresh')];
  for (const path of [old, fresh]) mkdirSync(path, { recursive: true });
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(old, twoDaysAgo, twoDaysAgo);
  open(directory).prune({ unusedMs: 1 });
  assert.deepEqual(readdirSync(join(directory, 'work')), ['fresh']);
});

test('verifying finds damage in every kind of entry', async (t) => {
  const directory = tempDir(t);
  const cache = open(directory);
  await cache.storeUnit('u', [fileEntry('f', noise(10_000))]);
  await cache.storeContentUnit('app', [fileEntry('f', noise(10_000))]);
  cache.storeNote('n', 1);
  async function* stream(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield noise(500);
  }
  const { integrity } = await cache.storeDownload(stream(), { description: 'd' });
  await cache.storeDownload(stream(), { expected: `${integrity} sha1-${'A'.repeat(27)}=`, description: 'd' });
  assert.deepEqual(cache.verify().damaged, []);
  const entries = cache.list().entries;
  assert.deepEqual(
    new Set(entries.map((entry) => entry.kind)),
    new Set(['units', 'members', 'notes', 'downloads']),
  );
  for (const entry of entries) writeFileSync(join(directory, entry.path), 'x'.repeat(entry.sizeBytes));
  assert.equal(cache.verify().damaged.length, entries.length);
  assert.deepEqual(cache.list().entries, []);
});

test('the cache directory follows SALVER_CACHE, then XDG_CACHE_HOME, then the home directory', () => {
  assert.equal(defaultCacheDirectory({ SALVER_CACHE: '/a/b', XDG_CACHE_HOME: '/x', HOME: '/h' }), '/a/b');
  assert.equal(defaultCacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/h' }), '/x/salver');
  assert.equal(defaultCacheDirectory({ XDG_CACHE_HOME: 'relative', HOME: '/h' }), '/h/.cache/salver');
  assert.equal(defaultCacheDirectory({ SALVER_CACHE: '', HOME: '/h' }), '/h/.cache/salver');
});
