import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workOnAll } from '../dist/bounded-work.js';

test('works on all items, so many at once', async () => {
  const seen: number[] = [];
  let atOnce = 0;
  let most = 0;
  await workOnAll([1, 2, 3, 4, 5], 2, async (item) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(item);
    atOnce -= 1;
  });
  assert.deepEqual([seen.length, most], [5, 2]);
});

test('begins nothing after a failure, waits for the rest and throws the first', async () => {
  const begun: number[] = [];
  let failures = 0;
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await new Promise((resolve) => setImmediate(resolve));
    if (item <= 2) throw new Error(`item ${item}`);
  };
  await assert.rejects(
    workOnAll([1, 2, 3, 4], 2, work, () => void (failures += 1)),
    /item 1/,
  );
  assert.deepEqual([begun, failures], [[1, 2], 1]);
});
