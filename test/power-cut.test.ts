// The power fails during an install, an update, an activation, a rollback, a revert and a recovery: a few points of each.
// The deep forms take them all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  cutAtEach,
  describeCounts,
  emptyCounts,
  findFault,
  openCutPlace,
  spread,
  stageOf,
} from './power/cut-campaign.js';
import type { CutPlace } from './power/cut-campaign.js';
import { CUTS, FILE_SYSTEMS, powerSkipReason } from './power/loop-disk.js';
import { OPERATION_NAMES } from './power/operations.js';
import { SYNC_MUTANTS, writeMutant } from './power/mutants.js';

const POINTS_PER_OPERATION = 2;

let place: CutPlace;

before(async () => {
  place = await openCutPlace();
});

after(() => place.remove());

for (const fileSystem of FILE_SYSTEMS) {
  test(
    `a power cut on ${fileSystem} leaves one whole release current, and the next run succeeds`,
    { skip: powerSkipReason(fileSystem) },
    async (t) => {
      const counts = emptyCounts();
      for (const [index, name] of OPERATION_NAMES.entries()) {
        const stage = await stageOf(place, place.bench(fileSystem), name);
        const shift = (index + 1) / (OPERATION_NAMES.length + 1);
        const cuts = CUTS.filter(
          (_, number) => (number + index + FILE_SYSTEMS.indexOf(fileSystem)) % 2 === 0,
        );
        await cutAtEach(stage, { choice: spread(stage, POINTS_PER_OPERATION, shift), cuts, counts });
      }
      t.diagnostic(describeCounts(counts));
    },
  );
}

test('a program that syncs nothing is caught', { skip: powerSkipReason('ext4') }, async (t) => {
  const mutant = SYNC_MUTANTS.find(({ name }) => name === 'no fsync at all');
  assert.ok(mutant !== undefined);
  const program = writeMutant(place.directory, mutant);
  const fault = await findFault(await stageOf(place, place.bench('ext4', program), 'update'), CUTS);
  assert.ok(fault !== undefined, 'the harness does not see that syncs are missing');
  t.diagnostic(fault);
});
