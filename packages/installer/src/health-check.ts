// P8 and P11: is the app healthy? N passes in a row before a deadline; later, for a while, no failures in a row.
import { setTimeout as delay } from 'node:timers/promises';
import { SalverError } from '@salver/core';
import type { CheckRule } from '@salver/core';
import { durationMs } from './duration.js';
import { probe } from './health-probe.js';
import type { HookContext } from './run-hook.js';

const DEADLINE_MS_DEFAULT = 60_000;
const INTERVAL_MS_DEFAULT = 500;
const TRY_MS_DEFAULT = 5_000;
/** Probation ends after this many failures in a row. */
const FAILURES_MAX = 3;
const NO_TRY = 'no try was made in time';
/** How often it is looked whether what is checked has died. */
const GONE_POLL_MS = 50;

export interface HealthCheckOptions {
  readonly context: HookContext;
  readonly rule: CheckRule;
  /** Variables for a command check beside the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Says why no try can pass any more, e.g. that the process has ended. */
  readonly gone?: () => string | undefined;
}

/** Undefined when the app is healthy, else why not: the last failure. Throws E_INTERRUPTED. */
export async function waitUntilHealthy(options: HealthCheckOptions): Promise<string | undefined> {
  const { rule } = options;
  await pause(options, durationMs(rule.grace, 0));
  const deadlineMs = durationMs(rule.deadline, DEADLINE_MS_DEFAULT);
  const until = performance.now() + deadlineMs;
  const wanted = rule.passes ?? 1;
  let passes = 0;
  let lastFailure = NO_TRY;
  for (;;) {
    const gone = options.gone?.();
    if (gone !== undefined) return gone;
    const leftMs = until - performance.now();
    const result = await tryOnce(options, leftMs);
    passes = result.passed ? passes + 1 : 0;
    if (passes >= wanted) return undefined;
    // What a try says that the deadline cut short is not worth more than what an earlier one said.
    const isWhole = leftMs >= durationMs(rule.timeout, TRY_MS_DEFAULT);
    if (!result.passed && (isWhole || lastFailure === NO_TRY)) lastFailure = result.detail;
    if (performance.now() >= until) break;
    await pause(options, Math.min(intervalMs(rule), Math.max(0, until - performance.now())));
    if (performance.now() >= until) break;
  }
  const passed = passes > 0 ? ` (${passes} of ${wanted} passes)` : '';
  return `not healthy within ${rule.deadline ?? '60s'}${passed}: ${lastFailure}`;
}

/** Probation: undefined when it ends well, else what failed. Throws E_INTERRUPTED. */
export async function watchHealth(options: HealthCheckOptions, watchMs: number): Promise<string | undefined> {
  const until = performance.now() + watchMs;
  let failures = 0;
  while (performance.now() < until) {
    await pause(options, Math.min(intervalMs(options.rule), Math.max(0, until - performance.now())));
    const result = await tryOnce(options, Infinity);
    failures = result.passed ? 0 : failures + 1;
    if (failures >= FAILURES_MAX) return `${failures} failures in a row during probation: ${result.detail}`;
  }
  return undefined;
}

async function tryOnce(options: HealthCheckOptions, leftMs: number): ReturnType<typeof probe> {
  refuseInterrupted(options);
  const timeoutMs = Math.max(1, Math.min(durationMs(options.rule.timeout, TRY_MS_DEFAULT), leftMs));
  const result = await probe({ ...options, timeoutMs });
  refuseInterrupted(options);
  return result;
}

/** Waits, but not for what is gone. */
async function pause(options: HealthCheckOptions, milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds;
  for (
    let left = milliseconds;
    left > 0 && options.gone?.() === undefined;
    left = until - performance.now()
  ) {
    await delay(Math.min(GONE_POLL_MS, left));
    refuseInterrupted(options);
  }
}

function refuseInterrupted({ context }: HealthCheckOptions): void {
  if (context.signal?.aborted === true) {
    throw new SalverError('E_INTERRUPTED', `interrupted while ${context.release} was checked`);
  }
}

function intervalMs(rule: CheckRule): number {
  return durationMs(rule.interval, INTERVAL_MS_DEFAULT);
}
