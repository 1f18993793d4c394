// Kills at many points of many operations, counted by the calls that were hit.
import assert from 'node:assert/strict';
import type { FaultBench } from './fault-bench.js';
import { inPairs } from './in-pairs.js';
import { assertTemplateUntouched, killAt, prepareOperation } from './kill-campaign.js';
import type { Prepared } from './kill-campaign.js';
import type { Operation } from './operations.js';
import type { CallPoint } from './trace.js';

export interface KillTally {
  /** Points that were hit, by the name of the call. */
  readonly hits: Map<string, number>;
  /** Calls that did not come in the run that was to be killed there. */
  missed: number;
  /** Points at which a helper, e.g. sync(1), was killed in place of the program. */
  helpers: number;
  readonly findings: string[];
}

export function newTally(): KillTally {
  return { hits: new Map(), missed: 0, helpers: 0, findings: [] };
}

export type PickPoints = (points: readonly CallPoint[]) => readonly CallPoint[];

/** Kills the operation at all points, or at those that `pick` leaves. Returns how many there were. */
export async function killOperation(
  bench: FaultBench,
  operation: Operation,
  tally: KillTally,
  pick: PickPoints = (points) => points,
): Promise<number> {
  const prepared = await prepareOperation(bench, operation);
  const points = pick(prepared.points);
  await inPairs(points, (point) => countKill(prepared, point, tally));
  assertTemplateUntouched(prepared);
  return points.length;
}

async function countKill(prepared: Prepared, point: CallPoint, tally: KillTally): Promise<void> {
  const { hit, findings } = await killAt(prepared, point);
  if (!hit) tally.missed += 1;
  else tally.hits.set(point.name, (tally.hits.get(point.name) ?? 0) + 1);
  if (hit && point.byHelper) tally.helpers += 1;
  const where = `${prepared.operation.name}, killed before ${point.name} ${point.nth}: ${point.text}`;
  tally.findings.push(...findings.map((finding) => `${finding} [${where}]`));
}

export function hitsTotal(tally: KillTally): number {
  return [...tally.hits.values()].reduce((sum, count) => sum + count, 0);
}

/** `fsync 80, rename 42, …`, most frequent first. */
export function describeHits(tally: KillTally): string {
  const rows = [...tally.hits].sort(([, left], [, right]) => right - left);
  return rows.map(([name, count]) => `${name} ${count}`).join(', ');
}

/** Runs may differ a little from each other, e.g. in how often a child's output arrives. */
const MISSED_SHARE_MAX = 0.02;

export function assertAllGood(tally: KillTally): void {
  assert.deepEqual(tally.findings, []);
  const missedMax = Math.ceil((tally.missed + hitsTotal(tally)) * MISSED_SHARE_MAX);
  assert.ok(tally.missed <= missedMax, `${tally.missed} calls did not come`);
}
