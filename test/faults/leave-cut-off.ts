// A root as a run leaves it that was killed at a certain call: where recovery begins.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { cloneRoot } from './clone-root.js';
import type { FaultBench } from './fault-bench.js';
import { TRACED_CALLS, callPoints, runTraced } from './trace.js';

export interface CutOff {
  readonly args: readonly string[];
  /** Matches the call that is not carried out any more, as strace prints it. */
  readonly before: RegExp;
}

export async function leaveCutOff(bench: FaultBench, root: string, cut: CutOff): Promise<void> {
  const args = [...cut.args, '--root', root, '--json'];
  const logPath = `${root}.log`;
  // An undisturbed run on a copy tells the number of the call; the copy then takes the root's place.
  const copy = `${root}-undisturbed`;
  cloneRoot(root, copy);
  const { log } = await runTraced({ bundle: bench.bundle, args, logPath, calls: TRACED_CALLS });
  const point = callPoints(log, root).find(({ text }) => cut.before.test(text));
  assert.ok(point !== undefined, `no call matches ${cut.before.source}`);
  rmSync(root, { recursive: true });
  cloneRoot(copy, root);
  rmSync(copy, { recursive: true });
  const inject = `signal=SIGKILL:when=${point.nth}`;
  const killed = await runTraced({ bundle: bench.bundle, args, logPath, calls: [point.name], inject });
  assert.equal(killed.result.signal, 'SIGKILL', `${point.text} was reached`);
}
