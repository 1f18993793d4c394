// Many rounds, counted.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { cutRound, prepareStage } from './cut-rounds.js';
import type { CutBench, CutStage, CutVerdict } from './cut-rounds.js';
import { HOST_PROGRAM } from './host-program.js';
import type { KillPoint } from './kill-points.js';
import { makeImageDirectory } from './loop-disk.js';
import type { Cut, FileSystemName } from './loop-disk.js';
import { makeOperations } from './operations.js';
import type { Operation, OperationName } from './operations.js';
import { makePowerReleases } from './power-releases.js';

/** A directory for images, with the releases; `remove` it. */
export interface CutPlace {
  readonly directory: string;
  readonly operations: readonly Operation[];
  bench(fileSystem: FileSystemName, program?: string): CutBench;
  remove(): void;
}

export async function openCutPlace(): Promise<CutPlace> {
  const directory = makeImageDirectory();
  const releases = await makePowerReleases(directory);
  return {
    directory,
    operations: makeOperations(releases),
    bench: (fileSystem, program = HOST_PROGRAM) => ({ directory, fileSystem, releases, program }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** What was tried. */
export interface CutCounts {
  /** Power cuts after a kill at the call it was meant for. */
  points: number;
  /** Of these, by name of the call. */
  readonly byCall: Map<string, number>;
  /** Kills that hit another call than meant, since threads or helpers count their own: judged, but not counted above. */
  elsewhere: number;
  /** Power cuts after a run that had reported its end. */
  afterEnd: number;
}

export function emptyCounts(): CutCounts {
  return { points: 0, byCall: new Map(), elsewhere: 0, afterEnd: 0 };
}

/** Undefined stands for a cut right after the run has ended. */
export type Choice = readonly (KillPoint | undefined)[];

/** Cuts the power once for each chosen point and way to cut; asserts that nothing is ever broken. */
export async function cutAtEach(
  stage: CutStage,
  {
    choice,
    cuts,
    counts,
  }: { readonly choice: Choice; readonly cuts: readonly Cut[]; readonly counts: CutCounts },
): Promise<void> {
  for (const cut of cuts) {
    for (const point of choice) {
      const verdict = await cutRound(stage, point, cut);
      assert.deepEqual(verdict.faults, [], verdict.what);
      count(counts, point, verdict);
    }
  }
}

function count(
  counts: CutCounts,
  point: KillPoint | undefined,
  { acknowledged, killedAt }: CutVerdict,
): void {
  if (acknowledged) counts.afterEnd += 1;
  else if (point === undefined || killedAt !== point.what) counts.elsewhere += 1;
  else {
    counts.points += 1;
    counts.byCall.set(point.call, (counts.byCall.get(point.call) ?? 0) + 1);
  }
}

/** Prepares one operation. */
export function stageOf(place: CutPlace, bench: CutBench, name: OperationName): Promise<CutStage> {
  const operation = place.operations.find((each) => each.name === name);
  assert.ok(operation !== undefined);
  return prepareStage(bench, operation);
}

/** A few points: `count` of them, evenly spread from `shift` (0 to 1) on, and the end. */
export function spread({ points }: CutStage, count: number, shift: number): Choice {
  const step = points.length / count;
  const chosen = Array.from({ length: count }, (_, index) => points[Math.floor((index + shift) * step)]);
  return [undefined, ...chosen];
}

/**
 * Looks for a fault of a mutant, from the end of the run backwards: what is lost after a run has reported its end is
 * most easily seen there. Returns what was found, or undefined after all points.
 */
export async function findFault(stage: CutStage, cuts: readonly Cut[]): Promise<string | undefined> {
  for (const point of [undefined, ...stage.points.toReversed()]) {
    for (const cut of cuts) {
      const { what, faults } = await cutRound(stage, point, cut);
      if (faults[0] !== undefined) return `${what}: ${faults[0]}`;
    }
  }
  return undefined;
}

/** One line for the report of a test. */
export function describeCounts({ points, byCall, elsewhere, afterEnd }: CutCounts): string {
  const calls = [...byCall]
    .sort(([, left], [, right]) => right - left)
    .map(([name, number]) => `${name} ${number}`);
  return (
    `${points} points (${calls.join(', ')}), 0 broken; ${afterEnd} cuts after the end, 0 lost; ` +
    `${elsewhere} kills hit another call`
  );
}
