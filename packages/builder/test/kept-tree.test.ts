import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { SILENT_PROGRESS } from '@salver/core';
import { cachePaths } from '../dist/cache-paths.js';
import { listCache, pruneCache, verifyCache } from '../dist/cache-upkeep.js';
import { keepTree } from '../dist/kept-tree.js';
import { tempDir } from './temp-tree.js';

/** A cache in which `made` counts how often a tree had to be made. */
function setUp(t: TestContext) {
  const paths = cachePaths(tempDir(t));
  const counts = { made: 0 };
  const withLock = <T>(_: string, work: () => Promise<T>): Promise<T> => work();
  const keep = (key = 'a'): Promise<string> =>
    keepTree(
      key,
      (directory) => {
        counts.made += 1;
        mkdirSync(join(directory, 'lib/deep'), { recursive: true });
        writeFileSync(join(directory, 'lib/deep/a.py'), key);
        symlinkSync('lib', join(directory, 'lib64'));
        return Promise.resolve();
      },
      { paths, withLock },
    );
  return { paths, counts, keep };
}

test('makes a tree once for each key', async (t) => {
  const { counts, keep } = setUp(t);
  const first = await keep();
  assert.equal(await keep(), first);
  assert.notEqual(await keep('b'), first);
  assert.equal(counts.made, 2);
  assert.equal(readFileSync(join(first, 'lib64/deep/a.py'), 'utf8'), 'a');
});

const CHANGES: readonly (readonly [title: string, change: (place: string) => void])[] = [
  ['a file was edited', (place) => writeFileSync(join(place, 'lib/deep/a.py'), 'b')],
  ['a file was added', (place) => writeFileSync(join(place, 'lib/deep/b.py'), '')],
  ['a file was added at the top', (place) => writeFileSync(join(place, 'b.py'), '')],
  ['what says that it is whole is damaged', (place) => writeFileSync(`${place}.json`, 'x')],
];

for (const [title, change] of CHANGES) {
  test(`makes a tree again when ${title}`, async (t) => {
    const { counts, keep } = setUp(t);
    const place = await keep();
    change(place);
    assert.equal(await keep(), place);
    assert.equal(counts.made, 2);
    assert.deepEqual(readdirSync(join(place, 'lib/deep')), ['a.py']);
    assert.equal(readFileSync(join(place, 'lib/deep/a.py'), 'utf8'), 'a');
  });
}

test('leaves nothing of a tree that could not be made', async (t) => {
  const { paths } = setUp(t);
  const withLock = <T>(_: string, work: () => Promise<T>): Promise<T> => work();
  const fail = (directory: string): Promise<void> => {
    writeFileSync(join(directory, 'half'), '');
    return Promise.reject(new Error('no'));
  };
  await assert.rejects(keepTree('x', fail, { paths, withLock }), /no/);
  assert.deepEqual(readdirSync(paths.tmp), []);
  assert.equal(existsSync(paths.trees), false);
});

test('the cache lists, checks and prunes trees', async (t) => {
  const { paths, counts, keep } = setUp(t);
  const place = await keep();
  const [entry] = listCache(paths).entries;
  assert.deepEqual([entry?.kind, entry?.path], ['trees', `trees/${place.split('/').at(-1) ?? ''}`]);
  assert.ok((entry?.sizeBytes ?? 0) > 0);
  assert.deepEqual(verifyCache(paths, SILENT_PROGRESS).damaged, []);
  assert.deepEqual(pruneCache(paths, { sizeBytesMax: 0 }).removed, [], 'it has just been used');
  writeFileSync(join(place, 'lib/deep/a.py'), 'b');
  assert.deepEqual(verifyCache(paths, SILENT_PROGRESS).damaged, [entry?.path]);
  assert.equal(existsSync(place), false);
  await keep();
  assert.equal(counts.made, 2);
});
