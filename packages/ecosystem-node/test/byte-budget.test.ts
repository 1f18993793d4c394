import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../dist/byte-budget.js';

/** Runs jobs of these sizes and says how many bytes and jobs were held at most. */
async function run(budget: ByteBudget, sizes: readonly number[]): Promise<{ bytes: number; jobs: number }> {
  const held = { bytes: 0, jobs: 0 };
  const most = { bytes: 0, jobs: 0 };
  const job = async (bytes: number): Promise<void> => {
    held.bytes += bytes;
    held.jobs += 1;
    most.bytes = Math.max(most.bytes, held.bytes);
    most.jobs = Math.max(most.jobs, held.jobs);
    await new Promise((resolve) => setImmediate(resolve));
    held.bytes -= bytes;
    held.jobs -= 1;
  };
  await Promise.all(sizes.map((bytes) => budget.run(bytes, () => job(bytes))));
  return most;
}

test('holds no more bytes than the budget', async () => {
  assert.ok((await run(new ByteBudget(100, 99), [60, 50, 40, 30, 20, 10, 90, 100])).bytes <= 100);
});

test('holds no more jobs than allowed', async () => {
  assert.equal((await run(new ByteBudget(100, 3), Array<number>(20).fill(1))).jobs, 3);
});

test('lets a job larger than the budget run alone', async () => {
  assert.equal((await run(new ByteBudget(100, 99), [10, 500, 10])).jobs, 1);
});

test('gives back what a failing job held', async () => {
  const budget = new ByteBudget(1, 1);
  await assert.rejects(
    budget.run(1, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await budget.run(1, () => Promise.resolve('next')), 'next');
});
