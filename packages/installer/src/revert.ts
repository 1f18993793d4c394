// After a failure behind the switch: back to the release before, by one rename; the service is told; the release
// that failed stays where it is, marked, for inspection.
import { SalverError, fileSystemError, isSalverError } from '@salver/core';
import { attempt, journalAct, markRelease, recordAct } from './act.js';
import type { Act } from './act.js';
import { occurred } from './events/report-occurrence.js';
import { keepAssetsOf } from './kept-assets.js';
import { readManifestOrNone } from './require-release.js';
import type { Failure } from './post-check.js';
import { hookRule, runHookCommand } from './run-hook.js';
import { switchSupervised } from './serve/control-client.js';
import { clearWayBack, revertCurrent } from './switch-current.js';

const SERVE_MS = 60_000;

/** Never returns. Throws E_ACTIVATION_FAILED, E_UNHEALTHY, E_ROLLBACK_UNSAFE, E_INTERRUPTED, or why reverting failed. */
export async function handleFailure(act: Act, failure: Failure): Promise<never> {
  const why = staysCurrent(act, failure);
  if (why !== undefined) return leaveStanding(act, failure, why);
  const began = performance.now();
  await takeBack(act, failure);
  const revertMs = Math.round(performance.now() - began);
  throw failed(act, failure, revertMs);
}

/** Why the failed release stays current, or undefined when it is taken back. */
export function staysCurrent(act: Act, failure: Failure): 'rollback' | 'contract' | undefined {
  // The supervisor goes on with the release before: `current` must say the same.
  if (failure.phase === 'serve' && !failure.interrupted) return undefined;
  // Somebody flees from the other release: going there again by ourselves would be the worse mistake.
  if (act.act === 'rollback') return 'rollback';
  return act.contractRan ? 'contract' : undefined;
}

/**
 * Takes the switch back. A crash on the way leaves the journal at `rolling-back`, or at `activating` with a release
 * that fails its check: recovery goes on to the same end. Throws E_FILE_SYSTEM.
 */
export async function takeBack(act: Act, failure: Failure): Promise<void> {
  const { clock, from } = act;
  const problem = await clock.measure('revert', () => {
    attempt(act, 'write the journal', () => journalAct(act, 'rolling-back'));
    return goBack(act, failure);
  });
  if (problem !== undefined) act.progress.warn(problem);
  attempt(act, 'put back the assets of the release before', () => keepAssetsOf(act, from));
  if (from !== null) await clock.measure('reload', () => reloadBefore(act, from));
  if (!failure.interrupted) markRelease(act, 'failed', failure.reason);
  // With a link still to be set, the journal stays open: the next run sets it.
  close(act, failure.interrupted ? 'interrupted' : 'reverted', failure, problem === undefined);
  occurred(act, act.act === 'rollback' ? 'activation-failed' : 'reverted', failure.reason);
}

/** The journal stays open when the disk does not allow even this: recovery goes back as soon as it does. */
function goBack(act: Act, failure: Failure): string | undefined {
  const { paths, from, previous, release } = act;
  try {
    return revertCurrent(paths, from, previous);
  } catch (error) {
    const { code, message, facts } = fileSystemError(error, 'cannot go back');
    throw new SalverError(code, `${release} is current although it failed (${failure.reason}): ${message}`, {
      cause: error,
      hint: 'mend the disk (`dmesg`, `df`), then run `salver-host recover`',
      facts: { ...facts, release, current: release, phase: failure.phase },
    });
  }
}

/** The service is told to use the release before: by that release's own hook, else by the one that was just run. */
async function reloadBefore(act: Act, from: string): Promise<void> {
  const { paths, progress } = act;
  const manifest = readManifestOrNone(paths, from);
  const context = { ...act.hooks, release: from, manifest, previous: act.release, signal: undefined };
  const rule = hookRule(manifest, 'reload') ?? hookRule(act.manifest, 'reload');
  try {
    const served = await switchSupervised(paths, from, { deadlineMs: SERVE_MS });
    if (served.state === 'failed') progress.warn(`${from} cannot be served again: ${served.reason}`);
    if (rule !== undefined) await runHookCommand(context, 'reload', rule);
  } catch (error) {
    if (!isSalverError(error)) throw error;
    progress.warn(`${from} is current again, but: ${error.message}`);
  }
}

function close(act: Act, result: string, failure: Failure, isSettled = true): void {
  attempt(act, 'remove a temporary link', () => clearWayBack(act.paths));
  recordAct(act, result, { reason: `${failure.phase}: ${failure.reason}` });
  if (isSettled) attempt(act, 'close the journal', () => journalAct(act, 'done'));
}

function leaveStanding(act: Act, failure: Failure, why: 'rollback' | 'contract'): never {
  const { release, txid } = act;
  if (why === 'contract' && !failure.interrupted) markRelease(act, 'failed', failure.reason);
  close(act, failure.interrupted ? 'interrupted' : 'unhealthy', failure);
  occurred(act, 'activation-failed', failure.reason);
  const facts = { release, current: release, phase: failure.phase, txid };
  if (failure.interrupted) {
    throw new SalverError(
      'E_INTERRUPTED',
      `interrupted; ${release} is current, but was not checked to the end`,
      {
        facts,
      },
    );
  }
  if (why === 'rollback') {
    throw new SalverError(
      'E_UNHEALTHY',
      `rolled back to ${release}, but it is not healthy: ${failure.reason}`,
      {
        hint: `${release} stays current; see \`salver-host status\` and the log of the app`,
        facts,
      },
    );
  }
  throw new SalverError(
    'E_ROLLBACK_UNSAFE',
    `${release} is current but not healthy, and was not taken back, because its contract migration has run: ${failure.reason}`,
    { hint: 'mend forward, or `salver-host rollback --force` if the release before still works', facts },
  );
}

function failed(act: Act, failure: Failure, revertMs: number): SalverError {
  const { release, from, txid } = act;
  const now = from === null ? 'no release is current, as before' : `${from} is current again`;
  const facts = { release, current: from ?? '', phase: failure.phase, revertMs, txid };
  if (failure.interrupted) return new SalverError('E_INTERRUPTED', `interrupted; ${now}`, { facts });
  return new SalverError(
    'E_ACTIVATION_FAILED',
    `${release} failed (${failure.phase}: ${failure.reason}); ${now} after ${revertMs} ms`,
    { hint: `the failed release is kept; see \`salver-host history --show ${txid}\``, facts },
  );
}
