import assert from 'node:assert/strict';
import {
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { directoryEntry, fileEntry, isSalverError, linkEntry } from '@salver/core';
import type { FinishedUnit, PackEntry } from '@salver/core';
import { openBuildCache } from '@salver/builder';
import { noise } from '@salver/testing';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir } from './temp-tree.js';

const SMALL: readonly PackEntry[] = [
  directoryEntry('node_modules/a'),
  directoryEntry('node_modules/a/node_modules'),
  directoryEntry('node_modules/a/node_modules/@scope'),
  fileEntry('node_modules/a/index.js', 'module.exports = 1;\n'),
  fileEntry('node_modules/a/run.sh', '#!/bin/sh\n', true),
  linkEntry('node_modules/a/link.js', 'index.js'),
];
/** More than one read of the record, several members, one file cut by content. */
const LARGE: readonly PackEntry[] = [
  fileEntry('big/large.bin', noise(9_000_000)),
  ...Array.from({ length: 40 }, (_, index) => fileEntry(`big/f${index}.bin`, noise(40_000, index + 2))),
];

function open(directory: string) {
  const progress = recordingProgress();
  return { progress, cache: openBuildCache({ directory, progress, env: process.env }) };
}

function bytesOf(unit: FinishedUnit): Buffer {
  const pieces: Buffer[] = [];
  unit.copySync((piece) => {
    assert.ok(piece.length <= 4 * 1024 * 1024, 'pieces are bounded');
    pieces.push(Buffer.from(piece));
  });
  return Buffer.concat(pieces);
}

function unitFile(directory: string): string {
  const [found, ...more] = listFiles(join(directory, 'units'));
  assert.ok(found !== undefined && more.length === 0);
  return join(directory, 'units', found);
}

for (const [name, entries] of [
  ['small', SMALL],
  ['large', LARGE],
  ['empty', []],
] as const) {
  test(`a ${name} unit comes back from another process's cache with the same facts and bytes`, async (t) => {
    const directory = tempDir(t);
    const stored = await open(directory).cache.storeUnit('k', entries, { scripts: ['install'] });
    const found = open(directory).cache.findUnit('k');
    assert.ok(found);
    assert.deepEqual(found.facts, stored.facts);
    assert.deepEqual(found.members, stored.members);
    assert.deepEqual(found.facts.extra, { scripts: ['install'] });
    assert.equal(found.facts.entries, entries.length);
    assert.ok(bytesOf(found).equals(bytesOf(stored)));
    assert.equal(
      bytesOf(found).length,
      found.members.reduce((sum, m) => sum + m.storedBytes, 0),
    );
    assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
  });

  test(`the entries of a ${name} unit can be read back, at any offset`, async (t) => {
    const directory = tempDir(t);
    await open(directory).cache.storeUnit('k', entries);
    const { cache } = open(directory);
    const unit = cache.findUnit('k');
    assert.ok(unit);
    const byPath = new Map(cache.readUnit(unit).map((entry) => [entry.path, entry]));
    assert.equal(byPath.size, entries.length);
    for (const entry of entries) {
      const back = byPath.get(entry.path);
      assert.ok(back);
      assert.deepEqual(
        [back.kind, back.executable, back.linkTarget],
        [entry.kind, entry.executable, entry.linkTarget],
      );
      const whole = entry.readSync(0, entry.sizeBytes);
      assert.ok(Buffer.from(back.readSync(0, back.sizeBytes)).equals(whole), entry.path);
      const [from, length] = [Math.floor(entry.sizeBytes / 3), Math.floor(entry.sizeBytes / 2)];
      assert.ok(Buffer.from(back.readSync(from, length)).equals(entry.readSync(from, length)));
    }
  });
}

test('files of any length are packed, those shorter than an ELF header too', async (t) => {
  const { cache } = open(tempDir(t));
  const entries = [0, 1, 2, 3, 4, 5].map((length) => fileEntry(`f${length}`, '\x7fELF!'.slice(0, length)));
  const unit = await cache.storeUnit('k', entries);
  assert.deepEqual(
    cache.readUnit(unit).map((entry) => Buffer.from(entry.readSync(0, entry.sizeBytes)).toString('latin1')),
    ['', '\x7f', '\x7fE', '\x7fEL', '\x7fELF', '\x7fELF!'],
  );
});

test('dependency directories are noted, so that the links unit need not name them again', async (t) => {
  const { cache } = open(tempDir(t));
  const { facts } = await cache.storeUnit('k', SMALL);
  assert.deepEqual(facts.dependencyDirectories, [
    'node_modules/a/node_modules',
    'node_modules/a/node_modules/@scope',
  ]);
});

test('another key, another target and an empty cache find nothing', async (t) => {
  const { cache, progress } = open(tempDir(t));
  assert.equal(cache.findUnit('k'), undefined);
  await cache.storeUnit('k', SMALL);
  assert.equal(cache.findUnit('other'), undefined);
  const other = cache.forBuild({
    app: 'other',
    target: { os: 'linux', arch: 's390x', libc: 'musl' },
    progress,
  });
  assert.equal(other.findUnit('k'), undefined);
});

test('storing one unit twice gives the same file', async (t) => {
  const [first, second] = [tempDir(t), tempDir(t)];
  await open(first).cache.storeUnit('k', LARGE);
  await open(second).cache.storeUnit('k', [...LARGE].reverse());
  assert.ok(readFileSync(unitFile(first)).equals(readFileSync(unitFile(second))));
});

test('a flipped bit anywhere in a unit file is noticed, reported, and the entry is gone', async (t) => {
  const directory = tempDir(t);
  await open(directory).cache.storeUnit('k', SMALL);
  const path = unitFile(directory);
  const good = readFileSync(path);
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] as number) ^ (1 << (at % 8));
    writeFileSync(path, bad);
    const { cache, progress } = open(directory);
    const unit = cache.findUnit('k');
    if (unit !== undefined) {
      assert.throws(
        () => bytesOf(unit),
        (error) => isSalverError(error, 'E_CACHE_DAMAGED'),
        `byte ${at}`,
      );
    }
    assert.match(progress.warnings.join(), /\[E_CACHE_DAMAGED\]/, `byte ${at}`);
    assert.equal(cache.findUnit('k'), undefined);
  }
});

test('a unit file that was cut off anywhere, or is empty, counts as absent', async (t) => {
  const directory = tempDir(t);
  await open(directory).cache.storeUnit('k', SMALL);
  const path = unitFile(directory);
  const good = readFileSync(path);
  for (let length = 0; length < good.length; length += 1) {
    writeFileSync(path, good.subarray(0, length));
    const { cache, progress } = open(directory);
    assert.equal(cache.findUnit('k'), undefined, `${length} bytes`);
    assert.equal(progress.warnings.length, 1);
  }
});

test('damage inside a large unit is found while copying, and the next find makes room for a new one', async (t) => {
  const directory = tempDir(t);
  const stored = await open(directory).cache.storeUnit('k', LARGE);
  const path = unitFile(directory);
  const bad = readFileSync(path);
  bad[5_000_000] = (bad[5_000_000] as number) ^ 4;
  writeFileSync(path, bad);
  const { cache } = open(directory);
  const unit = cache.findUnit('k');
  assert.ok(unit);
  assert.throws(
    () => bytesOf(unit),
    (error) => isSalverError(error, 'E_CACHE_DAMAGED'),
  );
  assert.equal(cache.findUnit('k'), undefined);
  const again = await cache.storeUnit('k', LARGE);
  assert.ok(bytesOf(again).equals(bytesOf(stored)));
});

test('a unit that is pruned or cut off between find and copy gives E_CACHE_DAMAGED', async (t) => {
  const directory = tempDir(t);
  const { cache } = open(directory);
  await cache.storeUnit('k', LARGE);
  for (const harm of [(path: string) => truncateSync(path, 1000), (path: string) => rmSync(path)]) {
    await cache.storeUnit('k', LARGE);
    const unit = cache.findUnit('k');
    assert.ok(unit);
    harm(unitFile(directory));
    assert.throws(
      () => bytesOf(unit),
      (error) => isSalverError(error, 'E_CACHE_DAMAGED'),
    );
  }
});

test('a failing entry leaves nothing in the cache', async (t) => {
  const directory = tempDir(t);
  const { cache } = open(directory);
  const broken: PackEntry = {
    ...fileEntry('x', 'text'),
    readSync: () => {
      throw new TypeError('a bug');
    },
  };
  await assert.rejects(cache.storeUnit('k', [broken]), TypeError);
  assert.equal(cache.findUnit('k'), undefined);
  assert.deepEqual(listFiles(directory), []);
});

test('use is noted at most once a day, for pruning', async (t) => {
  const directory = tempDir(t);
  const { cache } = open(directory);
  await cache.storeUnit('k', SMALL);
  const path = unitFile(directory);
  const hour = Date.now() / 1000 - 3600;
  utimesSync(path, hour, hour);
  cache.findUnit('k');
  assert.ok(statSync(path).mtimeMs < Date.now() - 3_000_000, 'an hour ago is recent enough');
  const week = Date.now() / 1000 - 7 * 86_400;
  utimesSync(path, week, week);
  cache.findUnit('k');
  assert.ok(statSync(path).mtimeMs > Date.now() - 60_000);
});

test('members of a content unit are compressed once, whatever changes beside them', async (t) => {
  const directory = tempDir(t);
  const files = Array.from({ length: 60 }, (_, index) =>
    fileEntry(`f${index}.txt`, noise(30_000, index + 1)),
  );
  const first = await open(directory).cache.storeContentUnit('app', files);
  const before = new Set(listFiles(join(directory, 'members')));
  const changed = files.map((file, index) =>
    index === 30 ? fileEntry(file.path, noise(30_000, 999)) : file,
  );
  const { cache } = open(directory);
  const second = await cache.storeContentUnit('app', changed);
  const added = listFiles(join(directory, 'members')).filter((path) => !before.has(path));
  assert.ok(before.size > 3);
  assert.equal(added.length, 1);
  assert.notEqual(first.key, second.key);
  assert.deepEqual(cache.readUnit(second).map((entry) => entry.path).length, files.length);
});

test('a damaged member of a content unit is found and made again', async (t) => {
  const directory = tempDir(t);
  const files = [fileEntry('a.txt', noise(1000))];
  const good = await open(directory).cache.storeContentUnit('app', files);
  const bytes = bytesOf(good);
  const [name = ''] = listFiles(join(directory, 'members'));
  const path = join(directory, 'members', name);
  const file = readFileSync(path);
  for (const at of [0, 500, file.length - 8, file.length - 1]) {
    const bad = Buffer.from(file);
    bad[at] = (bad[at] as number) ^ 1;
    writeFileSync(path, bad);
    assert.throws(
      () => bytesOf(good),
      (error) => isSalverError(error, 'E_CACHE_DAMAGED'),
    );
    const { cache } = open(directory);
    assert.ok(bytesOf(await cache.storeContentUnit('app', files)).equals(bytes));
  }
});
