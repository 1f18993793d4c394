// P11: the running service is told of the new release, then looked at.
import { SalverError, isSalverError } from '@salver/core';
import type { Act } from './act.js';
import { durationMs } from './duration.js';
import { waitUntilHealthy, watchHealth } from './health-check.js';
import { runHook } from './run-hook.js';
import { switchSupervised } from './serve/control-client.js';

/** Where and why a release failed after the switch. */
export interface Failure {
  readonly phase: 'serve' | 'reload' | 'check' | 'watch';
  readonly reason: string;
  readonly interrupted: boolean;
}

const SERVE_MS_DEFAULT = 60_000;

/** Undefined when all is well. Throws nothing that is expected. */
export async function findFailure(act: Act): Promise<Failure | undefined> {
  const { clock } = act;
  return (
    (await during(act, 'serve', () => clock.measure('serve', () => serveProblem(act)))) ??
    (await during(act, 'reload', () => clock.measure('reload', () => reloadProblem(act)))) ??
    (await during(act, 'check', () => clock.measure('check', () => checkProblem(act)))) ??
    (await during(act, 'watch', () => clock.measure('watch', () => watchProblem(act))))
  );
}

async function during(
  act: Act,
  phase: Failure['phase'],
  work: () => Promise<string | undefined>,
): Promise<Failure | undefined> {
  try {
    if (act.signal?.aborted === true) throw new SalverError('E_INTERRUPTED', 'interrupted');
    const reason = await work();
    return reason === undefined ? undefined : { phase, reason, interrupted: false };
  } catch (error) {
    if (!isSalverError(error)) throw error;
    return { phase, reason: error.message, interrupted: error.code === 'E_INTERRUPTED' };
  }
}

async function serveProblem(act: Act): Promise<string | undefined> {
  const deadlineMs = durationMs(act.manifest?.host.hooks?.check?.deadline, SERVE_MS_DEFAULT);
  const result = await switchSupervised(act.paths, act.release, { deadlineMs, signal: act.signal });
  if (result.state !== 'failed') return undefined;
  for (const line of result.output.split('\n').slice(-20)) act.progress.note(`serve: ${line}`);
  return result.reason;
}

async function reloadProblem(act: Act): Promise<undefined> {
  await runHook(act.hooks, 'reload');
}

async function checkProblem(act: Act): Promise<string | undefined> {
  const rule = act.manifest?.host.hooks?.check;
  if (rule === undefined) return undefined;
  const step = act.progress.step('checking health');
  try {
    return await waitUntilHealthy({ context: act.hooks, rule });
  } finally {
    step.end();
  }
}

async function watchProblem(act: Act): Promise<string | undefined> {
  if (act.watchMs === undefined || act.watchMs === 0) return undefined;
  const rule = act.manifest?.host.hooks?.check;
  if (rule === undefined) {
    act.progress.warn(`${act.release} has no check: there is nothing to watch`);
    return undefined;
  }
  const step = act.progress.step('probation');
  try {
    return await watchHealth({ context: act.hooks, rule }, act.watchMs);
  } finally {
    step.end();
  }
}
