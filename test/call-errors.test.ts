// The short form of call-errors.deep.test.ts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  assertErrorsGood,
  describeErrors,
  disturbOperation,
  errorsTotal,
  newErrorTally,
  someErrors,
} from './faults/error-tally.js';
import { makeFaultBench } from './faults/fault-bench.js';
import { OPERATIONS } from './faults/operations.js';
import { traceSkipReason } from './faults/trace.js';

const SAMPLED = ['update', 'rollback', 'install that fails its check'];
const ERRORS_EACH = 12;

/** What was handled wrongly once. */
const ONCE_WRONG: readonly {
  readonly what: string;
  readonly operation: string;
  readonly errno: string;
  readonly call: RegExp;
}[] = [
  {
    what: 'a disk that fails a directory of the release is not taken for a missing one',
    operation: 'update',
    errno: 'EIO',
    call: /^mkdir.*tree\/\.salver/,
  },
  {
    what: 'a staging directory that cannot be removed does not fail the update',
    operation: 'update',
    errno: 'EIO',
    call: /^rmdir.*staging/,
  },
  {
    what: 'a lock that fails says why',
    operation: 'update',
    errno: 'EIO',
    call: /^flock/,
  },
  {
    what: 'an exceeded quota does not stop a rollback',
    operation: 'rollback',
    errno: 'EDQUOT',
    call: /^rename.*journal/,
  },
  {
    what: 'a revert that cannot put `previous` back says so',
    operation: 'install that fails its check',
    errno: 'EIO',
    call: /^symlink\("releases\/0\.9\.0/,
  },
  {
    what: 'a disk that is full before there is a journal is not taken for a missing journal',
    operation: 'first install',
    errno: 'ENOSPC',
    call: /^pwrite64.*journal/,
  },
];

/** One file of a kind is like the other: a few are enough. */
const PARTS = 3;

let bench: Awaited<ReturnType<typeof makeFaultBench>>;

before(async () => {
  bench = await makeFaultBench({ parts: PARTS });
});
after(() => bench.remove());

for (const operation of OPERATIONS.filter(({ name }) => SAMPLED.includes(name))) {
  test(`some calls fail: ${operation.name}`, { skip: traceSkipReason }, async (t) => {
    const tally = newErrorTally();
    await disturbOperation(bench, operation, tally, (points) => someErrors(points, ERRORS_EACH));
    t.diagnostic(`${errorsTotal(tally)} errors: ${describeErrors(tally)}`);
    assertErrorsGood(tally);
  });
}

for (const { what, operation: name, errno, call } of ONCE_WRONG) {
  test(what, { skip: traceSkipReason }, async () => {
    const operation = OPERATIONS.find((each) => each.name === name);
    assert.ok(operation !== undefined);
    const tally = newErrorTally();
    await disturbOperation(bench, operation, tally, (points) =>
      points
        .filter(({ text }) => call.test(text))
        .slice(0, 1)
        .map((point) => ({ point, errno })),
    );
    assert.equal(errorsTotal(tally), 1);
    assertErrorsGood(tally);
  });
}
