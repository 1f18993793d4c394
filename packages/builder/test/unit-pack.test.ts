import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileEntry, hostTarget } from '@salver/core';
import type { FinishedUnit } from '@salver/core';
import { openBuildCache } from '@salver/builder';
import { noise } from '@salver/testing';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir } from './temp-tree.js';

/** More than the fewest loose units for which a pack is written. */
const KEYS = Array.from({ length: 40 }, (_, index) => `unit-${index}`);
/** Too large for a pack. */
const LARGE_KEY = 'large';

function beginBuild(directory: string, app = 'shop') {
  const progress = recordingProgress();
  const cache = openBuildCache({ directory, progress, env: process.env });
  return { progress, cache: cache.forBuild({ app, target: hostTarget(), progress }) };
}

async function buildOnce(directory: string, keys: readonly string[] = KEYS): Promise<FinishedUnit[]> {
  const { cache } = beginBuild(directory);
  const units: FinishedUnit[] = [];
  for (const [index, key] of [...keys, LARGE_KEY].entries()) {
    const size = key === LARGE_KEY ? 3_000_000 : 5_000;
    const entries = [fileEntry(`${key}/file`, noise(size, index + 1))];
    units.push(cache.findUnit(key) ?? (await cache.storeUnit(key, entries)));
  }
  cache.endBuild(units);
  return units;
}

function bytesOf(unit: FinishedUnit | undefined): Buffer {
  assert.ok(unit);
  const pieces: Buffer[] = [];
  unit.copySync((piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}

function packFile(directory: string): string {
  const [found, ...more] = listFiles(join(directory, 'packs'));
  assert.ok(found !== undefined && more.length === 0);
  return join(directory, 'packs', found);
}

test('the next build of the app finds its small units in one file, the large ones in their own', async (t) => {
  const directory = tempDir(t);
  const first = await buildOnce(directory);
  const { cache } = beginBuild(directory);
  const large = bytesOf(cache.findUnit(LARGE_KEY));
  rmSync(join(directory, 'units'), { recursive: true });
  // In any order, and entries as well as members.
  for (const [index, key] of [...KEYS.entries()].reverse()) {
    const unit = cache.findUnit(key);
    assert.deepEqual(unit?.facts, first[index]?.facts);
    assert.deepEqual(unit?.members, first[index]?.members);
    assert.ok(bytesOf(unit).length > 5_000);
    const [entry] = cache.readUnit(unit as FinishedUnit);
    assert.ok(Buffer.from(entry?.readSync(0, 5_000) ?? []).equals(noise(5_000, index + 1)));
  }
  assert.equal(large.length > 3_000_000, true);
  assert.equal(cache.findUnit(LARGE_KEY), undefined);
  cache.endBuild([]);
  const other = beginBuild(directory, 'another app').cache;
  assert.equal(other.findUnit(KEYS[0] as string), undefined);
});

test('a pack is written again only when many units were not in it', async (t) => {
  const directory = tempDir(t);
  await buildOnce(directory);
  const before = statSync(packFile(directory));
  await buildOnce(directory, [...KEYS, 'one more']);
  assert.equal(statSync(packFile(directory)).ino, before.ino);
  await buildOnce(directory, [...KEYS, ...KEYS.map((key) => `${key}b`)]);
  assert.notEqual(statSync(packFile(directory)).ino, before.ino);
  assert.deepEqual(listFiles(join(directory, 'tmp')), []);
});

test('a pack that is replaced or removed meanwhile is read on', async (t) => {
  const directory = tempDir(t);
  const [first] = await buildOnce(directory);
  const { cache } = beginBuild(directory);
  const found = cache.findUnit(KEYS[0] as string);
  rmSync(packFile(directory));
  assert.ok(bytesOf(found).length > 5_000);
  assert.deepEqual(found?.members, first?.members);
  cache.endBuild([]);
});

for (const [what, spoil] of [
  ['whose end is cut off', (path: string) => truncateSync(path, statSync(path).size - 1)],
  ['that is empty', (path: string) => truncateSync(path, 0)],
  ['of another kind', (path: string) => writeFileSync(path, 'no pack at all')],
] as const) {
  test(`a pack ${what} is removed with a warning, and units come from their own files`, async (t) => {
    const directory = tempDir(t);
    await buildOnce(directory);
    spoil(packFile(directory));
    const { cache, progress } = beginBuild(directory);
    for (const key of KEYS) assert.ok(bytesOf(cache.findUnit(key)).length > 5_000);
    assert.match(progress.warnings.join(), /E_CACHE_DAMAGED/);
    assert.equal(progress.warnings.length, 1);
    assert.deepEqual(listFiles(join(directory, 'packs')), []);
  });
}

test('damage inside a pack is noticed when the unit is copied, and never handed out', async (t) => {
  const directory = tempDir(t);
  await buildOnce(directory);
  const path = packFile(directory);
  const bytes = readFileSync(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { cache, progress } = beginBuild(directory);
  const key = KEYS[0] as string;
  const spoilt = cache.findUnit(key);
  assert.throws(() => bytesOf(spoilt), { code: 'E_CACHE_DAMAGED' });
  assert.match(progress.warnings.join(), /E_CACHE_DAMAGED/);
  assert.deepEqual(listFiles(join(directory, 'packs')), []);
  // The second attempt of the same build takes it from its own file.
  assert.ok(bytesOf(cache.findUnit(key)).length > 5_000);
  cache.endBuild([]);
});

test('the upkeep of the cache lists packs, and finds and removes damaged ones', async (t) => {
  const directory = tempDir(t);
  await buildOnce(directory);
  const { cache } = beginBuild(directory);
  assert.equal(cache.list().entries.filter(({ kind }) => kind === 'packs').length, 1);
  assert.deepEqual(cache.verify().damaged, []);
  const path = packFile(directory);
  const bytes = readFileSync(path);
  bytes[7_000] = (bytes[7_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  assert.equal(cache.verify().damaged.length, 1);
  assert.deepEqual(listFiles(join(directory, 'packs')), []);
});

test('a build whose pack cannot be written is a build all the same', async (t) => {
  const directory = tempDir(t);
  const { cache, progress } = beginBuild(directory);
  const units: FinishedUnit[] = [];
  for (const key of KEYS) units.push(await cache.storeUnit(key, [fileEntry('f', key)]));
  writeFileSync(join(directory, 'packs'), 'no directory');
  cache.endBuild(units);
  assert.match(progress.warnings.join(), /cannot write to the cache/);
  assert.deepEqual(listFiles(join(directory, 'tmp')), []);
});
