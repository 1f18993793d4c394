// Installs, activations, rollbacks and prunes at once on one root, watched about a thousand times a second; and programs
// that do not keep the promises, which must be caught.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeKillDirectory } from './kill-rounds.js';
import { describeCrowd, gatherCrowd, letLoose } from './power/crowd.js';
import { GAP_MUTANT, NO_LOCK_MUTANT, writeMutant } from './power/mutants.js';

const PROCESSES = 50;
const ROUNDS = 10;
const MUTANT_PROCESSES = 20;
const MUTANT_ROUNDS = 3;

const directory = makeKillDirectory();
after(() => rmSync(directory, { recursive: true, force: true }));

test(`${PROCESSES} programs at once, ${ROUNDS} times over: one at a time acts, and current never misses`, async (t) => {
  t.diagnostic(describeCrowd(await letLoose(await gatherCrowd(directory), PROCESSES, ROUNDS)));
});

for (const mutant of [GAP_MUTANT, NO_LOCK_MUTANT]) {
  test(`${mutant.name}: caught`, async () => {
    const own = join(directory, mutant.name.replaceAll(' ', '-'));
    mkdirSync(own);
    const crowd = await gatherCrowd(own, writeMutant(own, mutant));
    await assert.rejects(letLoose(crowd, MUTANT_PROCESSES, MUTANT_ROUNDS));
  });
}
