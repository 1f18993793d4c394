// kill -9 at every system call by which an operation changes something: see docs/reliability.md.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeFaultBench } from './faults/fault-bench.js';
import { assertAllGood, describeHits, hitsTotal, killOperation, newTally } from './faults/kill-tally.js';
import { OPERATIONS } from './faults/operations.js';
import { traceSkipReason } from './faults/trace.js';

const POINTS_MIN = 2_000;

let bench: Awaited<ReturnType<typeof makeFaultBench>>;
const tally = newTally();

before(async () => {
  bench = await makeFaultBench();
});
after(() => bench.remove());

for (const operation of OPERATIONS) {
  test(`killed at any call: ${operation.name}`, { skip: traceSkipReason }, async (t) => {
    if (operation.command !== undefined && !bench.commands.has(operation.command)) {
      t.skip(`this version has no ${operation.command}`);
      return;
    }
    const own = newTally();
    const points = await killOperation(bench, operation, own);
    for (const [name, count] of own.hits) tally.hits.set(name, (tally.hits.get(name) ?? 0) + count);
    t.diagnostic(
      `${points} points: ${describeHits(own)}; ${own.missed} did not come, ${own.helpers} by helpers`,
    );
    assertAllGood(own);
  });
}

test(`at least ${POINTS_MIN} distinct calls were hit`, { skip: traceSkipReason }, (t) => {
  t.diagnostic(`${hitsTotal(tally)} points: ${describeHits(tally)}`);
  assert.ok(hitsTotal(tally) >= POINTS_MIN);
});
