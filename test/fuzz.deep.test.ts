// The fuzzer's long form, guided by coverage: another seed each day, printed. FUZZ_SEED repeats a run,
// FUZZ_EXECUTIONS makes it shorter or longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzAll } from './fuzz/fuzz-all.js';

const EXECUTIONS = Number(process.env.FUZZ_EXECUTIONS ?? 1_000_000);
const DAY_MS = 24 * 60 * 60 * 1000;

test(`${EXECUTIONS} changed inputs are accepted or refused, never more`, (context) => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Date.now() / DAY_MS));
  context.diagnostic(`seed ${seed}`);
  const total = fuzzAll({ seed, executions: EXECUTIONS, usesCoverage: true }, (line) =>
    context.diagnostic(line),
  );
  assert.ok(total >= EXECUTIONS);
});
