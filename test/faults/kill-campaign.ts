// One operation, killed at one call after the other. Each point has a copy of the prepared root to itself: the run
// that is killed, the run after it, and that once more.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { diffTrees } from '../list-tree.js';
import type { ProgramResult } from '../product-harness.js';
import { cloneRoot } from './clone-root.js';
import type { FaultBench } from './fault-bench.js';
import type { ReleaseKey } from './fault-releases.js';
import { judgeEnd, judgeFault, judgeRepeat } from './fault-oracle.js';
import type { Expectation } from './fault-oracle.js';
import { runHost } from './host-program.js';
import { recoveryArgs } from './operations.js';
import type { Operation } from './operations.js';
import { viewRoot } from './root-view.js';
import type { RootView } from './root-view.js';
import { TRACED_CALLS, callPoints, runTraced, wasKilled } from './trace.js';
import type { CallPoint, TraceOptions, Traced } from './trace.js';

/** An operation that is ready to be disturbed. */
export interface Prepared {
  readonly bench: FaultBench;
  readonly operation: Operation;
  readonly expectation: Expectation;
  /** The root that every point gets a copy of, and how it looks. */
  readonly template: string;
  readonly before: RootView;
  /** Calls of an undisturbed run. */
  readonly points: readonly CallPoint[];
}

let serial = 0;

/** Prepares the root, runs the operation once undisturbed, judges that, and lists the calls it made. */
export async function prepareOperation(bench: FaultBench, operation: Operation): Promise<Prepared> {
  serial += 1;
  const template = join(bench.directory, `root-${serial}`);
  await operation.prepare(bench, template);
  const expectation = expectationOf(bench, operation);
  const prepared = { bench, operation, expectation, template, before: viewRoot(template), points: [] };
  return withCopy(prepared, async (root) => {
    const { result, log } = await traceOperation(prepared, root, { calls: TRACED_CALLS, fast: true });
    const findings = judgeEnd(expectation, prepared.before, viewRoot(root), result);
    assert.deepEqual(findings, [], `${operation.name}, undisturbed`);
    return { ...prepared, points: callPoints(log, root) };
  });
}

function expectationOf({ releases }: FaultBench, operation: Operation): Expectation {
  const name = (key: ReleaseKey | null): string | null => (key === null ? null : releases[key].name);
  const { from, to, end = to } = operation;
  return {
    from: name(from),
    to: name(to),
    end: name(end),
    endPrevious: name(operation.endPrevious),
    status: operation.status ?? 0,
    installed: operation.installed.map((key) => releases[key].name),
    checksEnd: operation.checksEnd ?? (end !== from && end !== null),
    trees: new Map(Object.values(releases).map((release) => [release.name, release.tree])),
  };
}

/** Runs the operation under strace. */
export function traceOperation(
  { bench, operation }: Pick<Prepared, 'bench' | 'operation'>,
  root: string,
  how: Pick<TraceOptions, 'calls' | 'inject' | 'fast'>,
): Promise<Traced> {
  const args = [...operation.args(bench), '--root', root, '--json'];
  return runTraced({ bundle: bench.bundle, ...how, args, logPath: `${root}.log` });
}

/** Gives `work` a copy of the prepared root. */
export async function withCopy<T>(
  { bench, template, before }: Pick<Prepared, 'bench' | 'template' | 'before'>,
  work: (root: string) => Promise<T>,
): Promise<T> {
  serial += 1;
  const root = join(bench.directory, `root-${serial}`);
  if (before.topNames.length > 0) cloneRoot(template, root);
  try {
    return await work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What one point has shown. */
export interface PointOutcome {
  /** False when this run took another way and the call never came. */
  readonly hit: boolean;
  readonly findings: readonly string[];
}

/** Kills the operation at the point and judges what is left, what the next run makes of it, and doing that again. */
export function killAt(prepared: Prepared, point: CallPoint): Promise<PointOutcome> {
  return withCopy(prepared, async (root) => {
    const inject = `signal=SIGKILL:when=${point.nth}`;
    const { result, log } = await traceOperation(prepared, root, { calls: [point.name], inject });
    const killed = result.signal === 'SIGKILL';
    const after = viewRoot(root);
    const findings = judgeFault(prepared.expectation, prepared.before, after, killed ? undefined : result);
    return { hit: wasKilled(log), findings: [...findings, ...(await judgeAfterwards(prepared, root))] };
  });
}

/**
 * The next run, and then the same once more, which must find nothing to do. Where the next one only looks, because the
 * disturbed run got to its end all the same (`done`) or nearly, the one after it is a recovery.
 */
export async function judgeAfterwards(
  prepared: Prepared,
  root: string,
  done?: ProgramResult,
): Promise<readonly string[]> {
  const { bench, operation, before } = prepared;
  const isDone = done !== undefined;
  const expectation = isDone
    ? withoutWhatItWarnedOf(prepared.expectation, viewRoot(root), done)
    : prepared.expectation;
  const next = operation.next?.(bench, viewRoot(root).current) ?? operation.args(bench);
  const once = await runNext(bench, root, next);
  const settled = viewRoot(root);
  // An install that finds everything as it should be takes no lock, and so clears nothing away.
  const looked = isDone || (next[0] === 'install' && once.stdout.includes('"changed":false'));
  const findings = judgeEnd(expectation, before, settled, once, looked ? 'bounded' : 'none');
  // One that fails for good fails again, and is written down again.
  if (expectation.status !== 0 || findings.length > 0) return findings;
  const recovery = recoveryArgs(bench, expectation.end ?? '');
  const twice = await runNext(bench, root, looked || next[0] === 'rollback' ? recovery : next);
  const repeated = viewRoot(root);
  return [
    ...judgeEnd(expectation, before, repeated, twice),
    ...(looked ? [] : judgeRepeat(settled, repeated)),
  ];
}

/** A rollback stands even where `previous` cannot be set any more; it says so, and no run after it can know better. */
function withoutWhatItWarnedOf(
  expectation: Expectation,
  view: RootView,
  { stdout }: ProgramResult,
): Expectation {
  if (view.previous !== null || !stdout.includes('cannot set')) return expectation;
  return { ...expectation, endPrevious: null };
}

function runNext(bench: FaultBench, root: string, args: readonly string[]): Promise<ProgramResult> {
  return runHost(bench.bundle, [...args, '--root', root, '--json']);
}

/** The prepared root shares its files with all copies: none of the runs may have written into them. */
export function assertTemplateUntouched({ template, before, operation }: Prepared): void {
  for (const [name, tree] of before.releases) {
    const now = viewRoot(template).releases.get(name) ?? new Map();
    assert.deepEqual(diffTrees(tree, now), [], `${operation.name} wrote into files of ${name}`);
  }
}
