// The short form of kill-calls.deep.test.ts: the calls around the switch, and some of the others. And the proof that
// the oracle sees what it must: programs that are wrong on purpose are found out.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFaultBench } from './faults/fault-bench.js';
import { patchBundle } from './faults/host-program.js';
import { assertAllGood, describeHits, hitsTotal, killOperation, newTally } from './faults/kill-tally.js';
import { MUTANTS } from './faults/mutants.js';
import { OPERATIONS } from './faults/operations.js';
import { commitWindowAndSome, spread } from './faults/pick-points.js';
import { traceSkipReason } from './faults/trace.js';

const SAMPLED = ['update', 'rollback', 'install that fails its check', 'recover from a cut on the way back'];
const SAMPLE = { windowMax: 10, otherMax: 6 };
const MUTANT_POINTS_MAX = 6;
const ASSET_CALL = /shared\/static|\.salver\/assets\.json/;
const ASSET_POINTS_MAX = 6;

let bench: Awaited<ReturnType<typeof makeFaultBench>>;

before(async () => {
  bench = await makeFaultBench();
});
after(() => bench.remove());

const options = { skip: traceSkipReason };

for (const operation of OPERATIONS.filter(({ name }) => SAMPLED.includes(name))) {
  test(`killed at some calls: ${operation.name}`, options, async (t) => {
    const tally = newTally();
    await killOperation(bench, operation, tally, (points) => commitWindowAndSome(points, SAMPLE));
    t.diagnostic(`${hitsTotal(tally)} points: ${describeHits(tally)}`);
    assertAllGood(tally);
  });
}

for (const operation of OPERATIONS.filter(({ name }) => name !== SAMPLED[3] && SAMPLED.includes(name))) {
  test(`killed where static files are placed: ${operation.name}`, options, async (t) => {
    const tally = newTally();
    await killOperation(bench, operation, tally, (points) =>
      spread(
        points.filter(({ text }) => ASSET_CALL.test(text)),
        ASSET_POINTS_MAX,
      ),
    );
    t.diagnostic(`${hitsTotal(tally)} points: ${describeHits(tally)}`);
    assert.ok(hitsTotal(tally) > 0);
    assertAllGood(tally);
  });
}

for (const mutant of MUTANTS) {
  test(`a program that ${mutant.name} is found out`, options, async (t) => {
    const operation = OPERATIONS.find(({ name }) => name === mutant.operation);
    assert.ok(operation !== undefined, mutant.operation);
    const bundle = patchBundle(
      join(bench.directory, `mutant-${MUTANTS.indexOf(mutant)}.mjs`),
      mutant.patches,
    );
    const tally = newTally();
    await killOperation({ ...bench, bundle }, operation, tally, (points) =>
      spread(
        points.filter(({ text }) => mutant.at.test(text)),
        MUTANT_POINTS_MAX,
      ),
    );
    t.diagnostic(`${hitsTotal(tally)} points, ${tally.findings.length} findings: ${tally.findings[0]}`);
    const found = tally.findings.some((finding) => finding.startsWith(`${mutant.breaks} `));
    assert.ok(found, `${mutant.breaks} is not among: ${tally.findings.join('; ')}`);
  });
}
