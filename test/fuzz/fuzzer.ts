// The loop: take an input of the corpus, change it, run it, keep it when it did something new. New is an answer not
// seen before (code and message without what is quoted) or, in long runs, a batch that ran new blocks of our code.
import { isSalverError } from '@salver/core';
import { Random } from '@salver/testing';
import { Coverage } from './coverage.js';
import type { Target } from './targets.js';

export interface FuzzSubject {
  readonly name: string;
  readonly target: Target;
  readonly seeds: readonly Buffer[];
  readonly mutate: (input: Buffer, random: Random, other: Buffer) => Buffer;
  /** How often it is run, compared with the other subjects. */
  readonly share: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly executions: number;
  readonly usesCoverage: boolean;
}

export interface FuzzReport {
  readonly executions: number;
  readonly accepted: number;
  readonly answers: number;
  readonly corpus: number;
  readonly slowestMs: number;
  readonly newBlocks: number;
}

const BATCH = 500;
const CORPUS_MAX = 2_000;
/** An execution that takes longer is a hang in the making: the longest input is 64 KiB. */
const EXECUTION_MS_MAX = 2_000;

/** Fuzzes one subject. Throws an error that holds the input when the target does anything but answer. */
export function fuzz(subject: FuzzSubject, { seed, executions, usesCoverage }: FuzzOptions): FuzzReport {
  const random = new Random(seed);
  const corpus = [...subject.seeds];
  const answers = new Set<string>();
  const coverage = usesCoverage ? new Coverage() : undefined;
  let accepted = 0;
  let newBlocks = 0;
  let slowestMs = 0;
  let batch: Buffer[] = [];
  for (let count = 0; count < executions; count += 1) {
    const input =
      count < corpus.length && count < subject.seeds.length
        ? (corpus[count] ?? Buffer.alloc(0))
        : subject.mutate(random.pick(corpus), random, random.pick(corpus));
    const { answer, ms } = run(subject, input, seed);
    slowestMs = Math.max(slowestMs, ms);
    if (answer === 'accepted') accepted += 1;
    if (!answers.has(answer)) {
      answers.add(answer);
      keep(corpus, input, random);
    }
    if (coverage === undefined) continue;
    batch.push(input);
    if (batch.length < BATCH) continue;
    const found = coverage.takeNew();
    newBlocks += found;
    // Which input it was is not worth running them all again: some of the batch go on.
    if (found > 0) for (let kept = 0; kept < 5; kept += 1) keep(corpus, random.pick(batch), random);
    batch = [];
  }
  coverage?.stop();
  return { executions, accepted, answers: answers.size, corpus: corpus.length, slowestMs, newBlocks };
}

function keep(corpus: Buffer[], input: Buffer, random: Random): void {
  if (corpus.length < CORPUS_MAX) corpus.push(input);
  else corpus[random.below(CORPUS_MAX)] = input;
}

function run({ name, target }: FuzzSubject, input: Buffer, seed: number): { answer: string; ms: number } {
  const started = performance.now();
  let answer: string;
  try {
    answer = target(input);
  } catch (error) {
    if (!isSalverError(error)) throw failure(`${String(error)}`, { name, seed, input, cause: error });
    answer = `${error.code} ${error.message
      .replace(/"[^"]*"/g, '""')
      .replace(/\d+/g, '0')
      .slice(0, 120)}`;
  }
  const ms = performance.now() - started;
  if (ms > EXECUTION_MS_MAX) throw failure(`it took ${Math.round(ms)} ms`, { name, seed, input });
  return { answer, ms };
}

function failure(
  what: string,
  found: { readonly name: string; readonly seed: number; readonly input: Buffer; readonly cause?: unknown },
): Error {
  const { name, seed, input, cause } = found;
  return new Error(`${name}, seed ${seed}: ${what}\ninput (base64): ${input.toString('base64')}`, { cause });
}
