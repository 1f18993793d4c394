// The deep form for one file system: every point of every operation, both ways to cut, and every mutant caught.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cutAtEach, describeCounts, emptyCounts, findFault, openCutPlace, stageOf } from './cut-campaign.js';
import type { CutPlace } from './cut-campaign.js';
import { CUTS, powerSkipReason } from './loop-disk.js';
import type { FileSystemName } from './loop-disk.js';
import { OPERATION_NAMES } from './operations.js';
import { SYNC_MUTANTS, writeMutant } from './mutants.js';

/** Of both file systems together 500 are promised. */
const POINTS_MIN = 250;

export function testEveryCut(fileSystem: FileSystemName): void {
  const skip = powerSkipReason(fileSystem);
  let place: CutPlace;
  let points = 0;

  before(async () => {
    place = await openCutPlace();
  });

  after(() => place.remove());

  for (const name of OPERATION_NAMES) {
    for (const cut of CUTS) {
      const title = `${name}: a power cut at any call on ${fileSystem} breaks nothing, ${cut} survives`;
      test(title, { skip }, async (t) => {
        const stage = await stageOf(place, place.bench(fileSystem), name);
        const counts = emptyCounts();
        await cutAtEach(stage, { choice: [undefined, ...stage.points], cuts: [cut], counts });
        points += counts.points;
        t.diagnostic(`${name}, ${fileSystem}, ${cut} survives: ${describeCounts(counts)}`);
      });
    }
  }

  test(`at least ${POINTS_MIN} points were tried on ${fileSystem}`, { skip }, (t) => {
    assert.ok(points >= POINTS_MIN, `${points} points`);
    t.diagnostic(`${fileSystem}: ${points} points`);
  });

  for (const mutant of SYNC_MUTANTS) {
    test(`${mutant.name}: caught on ${fileSystem}`, { skip }, async (t) => {
      const program = writeMutant(place.directory, mutant);
      const fault = await findFault(await stageOf(place, place.bench(fileSystem, program), 'update'), CUTS);
      assert.ok(fault !== undefined, 'the harness does not see that a sync is missing');
      t.diagnostic(fault);
    });
  }
}
