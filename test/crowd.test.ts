// Installs, activations, rollbacks and prunes at once on one root, watched about a thousand times a second.
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { makeKillDirectory } from './kill-rounds.js';
import { describeCrowd, gatherCrowd, letLoose } from './power/crowd.js';

const PROCESSES = 10;
const ROUNDS = 2;

test(`${PROCESSES} programs at once, ${ROUNDS} times over: one at a time acts, and current never misses`, async (t) => {
  const directory = makeKillDirectory();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  t.diagnostic(describeCrowd(await letLoose(await gatherCrowd(directory), PROCESSES, ROUNDS)));
});
