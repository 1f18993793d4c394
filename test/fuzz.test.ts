// The fuzzer's short form: FUZZ_SEED repeats a run.
import { test } from 'node:test';
import { fuzzAll } from './fuzz/fuzz-all.js';

const EXECUTIONS = 20_000;

test(`${EXECUTIONS} changed inputs are accepted or refused, never more`, (context) => {
  const seed = Number(process.env.FUZZ_SEED ?? 1);
  context.diagnostic(`seed ${seed}`);
  fuzzAll({ seed, executions: EXECUTIONS, usesCoverage: false }, (line) => context.diagnostic(line));
});
