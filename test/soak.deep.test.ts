// Cycle after cycle with kills at random instants: the root ends as it began. A program that does not clear up is caught.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeKillDirectory } from './kill-rounds.js';
import { NO_CLEARING_MUTANT, writeMutant } from './power/mutants.js';
import { describeSoak, soak } from './power/soak.js';

const CYCLES = 1_000;
/** It is caught as soon as a kill has hit the unpacking. */
const MUTANT_CYCLES = 500;

const directory = makeKillDirectory();
after(() => rmSync(directory, { recursive: true, force: true }));

test(`${CYCLES} cycles with random kills leave nothing behind`, async (t) => {
  const counts = await soak(directory, CYCLES);
  t.diagnostic(describeSoak(counts));
  assert.deepEqual(counts.after, counts.before);
});

test(`${NO_CLEARING_MUTANT.name}: caught`, async () => {
  const own = join(directory, 'mutant');
  mkdirSync(own);
  await assert.rejects(soak(own, MUTANT_CYCLES, writeMutant(own, NO_CLEARING_MUTANT)));
});
