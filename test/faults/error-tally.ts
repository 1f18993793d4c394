// Errors at many calls of many operations, counted by call and error.
import assert from 'node:assert/strict';
import { failAt, SYSTEM_ERRORS } from './error-campaign.js';
import type { FailingCall } from './error-campaign.js';
import type { FaultBench } from './fault-bench.js';
import { inPairs } from './in-pairs.js';
import { assertTemplateUntouched, prepareOperation } from './kill-campaign.js';
import type { PointOutcome, Prepared } from './kill-campaign.js';
import type { Operation } from './operations.js';
import type { CallPoint } from './trace.js';

const TRIES_MAX = 3;

export interface ErrorTally {
  /** Errors that were met, by `CALL ERRNO`. */
  readonly hits: Map<string, number>;
  missed: number;
  readonly findings: string[];
}

export function newErrorTally(): ErrorTally {
  return { hits: new Map(), missed: 0, findings: [] };
}

export type PlanErrors = (points: readonly CallPoint[]) => readonly FailingCall[];

/** The first call of each name with every error, and each call with those that full and broken disks give. */
export function everyError(points: readonly CallPoint[]): readonly FailingCall[] {
  const firsts = points.filter(
    (point, index) => points.findIndex(({ name }) => name === point.name) === index,
  );
  const rest = points.filter((point) => !firsts.includes(point));
  return [
    ...firsts.flatMap((point) => Object.keys(SYSTEM_ERRORS).map((errno) => ({ point, errno }))),
    ...rest.flatMap((point) => ['ENOSPC', 'EIO'].map((errno) => ({ point, errno }))),
  ];
}

/** `max` calls evenly spread, each with the next error of the list. */
export function someErrors(points: readonly CallPoint[], max: number): readonly FailingCall[] {
  const errnos = Object.keys(SYSTEM_ERRORS);
  const step = Math.max(1, Math.ceil(points.length / max));
  return points
    .filter((_, index) => index % step === 0)
    .map((point, index) => ({ point, errno: errnos[index % errnos.length] ?? 'EIO' }));
}

/** Lets calls of the operation fail as planned. Calls to close(2) are left out: what they say comes too late. */
export async function disturbOperation(
  bench: FaultBench,
  operation: Operation,
  tally: ErrorTally,
  plan: PlanErrors,
): Promise<number> {
  const prepared = await prepareOperation(bench, operation);
  const planned = plan(prepared.points.filter(({ name }) => name !== 'close'));
  await inPairs(planned, async (each) => {
    const { hit, findings } = await failOnce(prepared, each);
    const { point, errno } = each;
    const key = `${point.name} ${errno}`;
    if (hit) tally.hits.set(key, (tally.hits.get(key) ?? 0) + 1);
    else tally.missed += 1;
    const where = `${operation.name}, ${errno} from ${point.name} ${point.nth}: ${point.text}`;
    tally.findings.push(...findings.map((finding) => `${finding} [${where}]`));
  });
  assertTemplateUntouched(prepared);
  return planned.length;
}

/** The numbers of calls vary a little from run to run, on a busy machine more: what did not come is tried again. */
async function failOnce(prepared: Prepared, call: FailingCall): Promise<PointOutcome> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await failAt(prepared, call);
    if (outcome.hit || tries === TRIES_MAX) return outcome;
  }
}

export function errorsTotal({ hits }: ErrorTally): number {
  return [...hits.values()].reduce((sum, count) => sum + count, 0);
}

/** `ENOSPC 120, EIO 118, …`. */
export function describeErrors({ hits }: ErrorTally): string {
  const byErrno = new Map<string, number>();
  for (const [key, count] of hits) {
    const errno = key.split(' ')[1] ?? '';
    byErrno.set(errno, (byErrno.get(errno) ?? 0) + count);
  }
  return [...byErrno].map(([errno, count]) => `${errno} ${count}`).join(', ');
}

/** Some calls cannot be hit alone: another thread of Node makes one with the same name and number, and gives up. */
const MISSED_SHARE_MAX = 0.05;

export function assertErrorsGood(tally: ErrorTally): void {
  assert.deepEqual(tally.findings, []);
  const missedMax = Math.ceil((tally.missed + errorsTotal(tally)) * MISSED_SHARE_MAX);
  assert.ok(tally.missed <= missedMax, `${tally.missed} calls did not come`);
}
