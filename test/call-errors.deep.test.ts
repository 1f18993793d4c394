// Every system call by which an operation changes something fails: see docs/reliability.md.
import { after, before, test } from 'node:test';
import {
  assertErrorsGood,
  describeErrors,
  disturbOperation,
  errorsTotal,
  everyError,
  newErrorTally,
} from './faults/error-tally.js';
import { makeFaultBench } from './faults/fault-bench.js';
import { OPERATIONS } from './faults/operations.js';
import { traceSkipReason } from './faults/trace.js';

/** One file of a kind is like the other: a few are enough. */
const PARTS = 3;

let bench: Awaited<ReturnType<typeof makeFaultBench>>;

before(async () => {
  bench = await makeFaultBench({ parts: PARTS });
});
after(() => bench.remove());

for (const operation of OPERATIONS) {
  test(`any call fails: ${operation.name}`, { skip: traceSkipReason }, async (t) => {
    if (operation.command !== undefined && !bench.commands.has(operation.command)) {
      t.skip(`this version has no ${operation.command}`);
      return;
    }
    const tally = newErrorTally();
    await disturbOperation(bench, operation, tally, everyError);
    t.diagnostic(`${errorsTotal(tally)} errors: ${describeErrors(tally)}; ${tally.missed} did not come`);
    assertErrorsGood(tally);
  });
}
