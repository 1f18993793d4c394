// One round: a saved root, a run that is killed at a point (or not at all), a power cut, a new start, a verdict, and the
// next run, which must succeed without hand work.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnd } from '../product-harness.js';
import type { ProgramResult } from '../product-harness.js';
import { runKilledAt, runUndisturbed, traceKillPoints } from './kill-points.js';
import type { KillPoint, TracedProgram } from './kill-points.js';
import { LoopDisk } from './loop-disk.js';
import type { Cut, FileSystemName } from './loop-disk.js';
import type { Operation } from './operations.js';
import { judgeLeftovers, judgeRoot } from './oracle.js';
import type { Faults } from './oracle.js';
import type { PowerRelease, PowerReleases } from './power-releases.js';

/** Where rounds take place. */
export interface CutBench {
  readonly directory: string;
  readonly fileSystem: FileSystemName;
  readonly releases: PowerReleases;
  /** The built program, or a mutant of it. */
  readonly program: string;
}

/** The rounds of one operation. */
export interface CutStage {
  readonly bench: CutBench;
  readonly operation: Operation;
  readonly disk: LoopDisk;
  /** The image before the run. */
  readonly saved: string;
  readonly points: readonly KillPoint[];
}

/** What came of a round. */
export interface CutVerdict {
  readonly what: string;
  readonly killedAt: string | undefined;
  /** The run had reported its end before the power was cut. */
  readonly acknowledged: boolean;
  readonly faults: Faults;
}

/** Lays the root before, and traces one undisturbed run. */
export async function prepareStage(bench: CutBench, operation: Operation): Promise<CutStage> {
  const name = `${operation.name}-${bench.fileSystem}`;
  const disk = new LoopDisk(bench.directory, bench.fileSystem, name);
  const saved = join(bench.directory, `${name}.saved`);
  disk.format();
  disk.mount();
  try {
    for (const [index, args] of operation.before.entries()) {
      const isLast = index === operation.before.length - 1;
      if (operation.cutOff && isLast) await cutOffBehindSwitch(bench, disk, { saved, args });
      else assertStatus(await runUndisturbed(hostCommand(bench, disk, args)), 0);
    }
    disk.unmount();
    disk.saveAs(saved);
    disk.mount();
    const { points, result } = await traceKillPoints(traced(bench, disk, operation.run));
    assertStatus(result, operation.status);
    return { bench, operation, disk, saved, points };
  } finally {
    disk.unmount();
  }
}

/** Traces the run on a copy of the disk as it is now, then has it killed by the call that follows the switch. */
async function cutOffBehindSwitch(
  bench: CutBench,
  disk: LoopDisk,
  { saved, args }: { readonly saved: string; readonly args: readonly string[] },
): Promise<void> {
  disk.unmount();
  disk.saveAs(saved);
  disk.mount();
  const { points } = await traceKillPoints(traced(bench, disk, args));
  disk.unmount();
  disk.restore(saved);
  disk.mount();
  const index = points.findIndex(
    ({ call, what }) => call.startsWith('rename') && what.includes('root/current"'),
  );
  const next = points[index + 1];
  assert.ok(index !== -1 && next !== undefined, 'no rename over current was traced');
  const { result } = await runKilledAt(traced(bench, disk, args), next);
  assert.ok(wasKilled(result), `not killed behind the switch: ${describeEnd(result)}`);
}

/** `point` undefined: the power is cut right after the run has ended. */
export async function cutRound(stage: CutStage, point: KillPoint | undefined, cut: Cut): Promise<CutVerdict> {
  const { bench, operation, disk, saved } = stage;
  const what = `${operation.name}, ${bench.fileSystem}, ${cut} survives, before ${point === undefined ? 'nothing' : `${point.call} ${point.ordinal}: ${point.what}`}`;
  disk.restore(saved);
  disk.mount();
  try {
    const { result, killedAt } = await runOnce(stage, point);
    disk.cutPower(cut);
    disk.mount();
    const faults = [...judgeCut(stage, result), ...(await judgeNextRun(stage))];
    return { what, killedAt, acknowledged: !wasKilled(result), faults };
  } finally {
    disk.unmount();
  }
}

async function runOnce(
  { bench, operation, disk }: CutStage,
  point: KillPoint | undefined,
): Promise<{ readonly result: ProgramResult; readonly killedAt: string | undefined }> {
  if (point !== undefined) return runKilledAt(traced(bench, disk, operation.run), point);
  const result = await runUndisturbed(hostCommand(bench, disk, operation.run));
  assertStatus(result, operation.status);
  return { result, killedAt: undefined };
}

function judgeCut({ bench, operation, disk }: CutStage, result: ProgramResult): Faults {
  const { allowed, ends, status } = operation;
  const known = Object.values(bench.releases) as readonly PowerRelease[];
  // Where only a helper of the run was killed, the run says that it failed: nothing may have been switched.
  const acknowledged = result.status === status;
  const failed = !acknowledged && !wasKilled(result);
  const current = acknowledged ? [ends] : failed ? allowed.slice(0, 1) : allowed;
  return judgeRoot(rootOn(disk), { current, known, acknowledged, gone: operation.gone });
}

/** I4 and I5. */
async function judgeNextRun({ bench, operation, disk }: CutStage): Promise<Faults> {
  const result = await runUndisturbed(hostCommand(bench, disk, operation.next));
  if (result.status !== 0) return [`the next run fails: ${describeEnd(result)}`];
  const known = Object.values(bench.releases) as readonly PowerRelease[];
  const { settles, gone } = operation;
  const expectation = { current: [settles], known, acknowledged: true, wroteNothing: true, gone };
  const faults = judgeRoot(rootOn(disk), expectation);
  return [...faults, ...(await judgeRecovery(bench, disk))].map((fault) => `after the next run: ${fault}`);
}

/** A run with nothing to do may leave what a dead one has left, if nothing depends on it; a recovery removes it. */
async function judgeRecovery(bench: CutBench, disk: LoopDisk): Promise<Faults> {
  if (judgeLeftovers(rootOn(disk)).length === 0) return [];
  const result = await runUndisturbed(hostCommand(bench, disk, ['recover']));
  return result.status === 0 ? judgeLeftovers(rootOn(disk)) : [`recover fails: ${describeEnd(result)}`];
}

function traced(bench: CutBench, disk: LoopDisk, args: readonly string[]): TracedProgram {
  return { command: hostCommand(bench, disk, args), disk: disk.path, log: `${disk.path}.log` };
}

function hostCommand(bench: CutBench, disk: LoopDisk, args: readonly string[]): readonly string[] {
  assert.ok(existsSync(bench.program), `${bench.program} is missing: run "npm run build" first`);
  return [process.execPath, bench.program, ...args, '--root', rootOn(disk), '--json'];
}

function rootOn(disk: LoopDisk): string {
  return join(disk.path, 'root');
}

function wasKilled({ status, signal }: ProgramResult): boolean {
  return signal === 'SIGKILL' || status === 137;
}

function assertStatus(result: ProgramResult, status: number): void {
  assert.equal(result.status, status, describeEnd(result));
}
