// Cycle after cycle with kills at random instants: the root ends as it began.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { makeKillDirectory } from './kill-rounds.js';
import { describeSoak, soak } from './power/soak.js';

const CYCLES = 20;

test(`${CYCLES} cycles with random kills leave nothing behind`, async (t) => {
  const directory = makeKillDirectory();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const counts = await soak(directory, CYCLES);
  t.diagnostic(describeSoak(counts));
  assert.deepEqual(counts.after, counts.before);
});
