// P1: finish or undo what a run that died has left. Runs with the lock held, before anything else, and may die at
// any point itself: it then begins anew.
import { existsSync } from 'node:fs';
import { SalverError } from '@salver/core';
import type { CrashPolicy, Progress } from '@salver/core';
import { attempt, beginAct, journalAct, markRelease, recordAct } from './act.js';
import type { Act } from './act.js';
import { clearLeftovers } from './clear-leftovers.js';
import { readContracts } from './contract-guard.js';
import { withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { readJournal } from './journal.js';
import type { Journal } from './journal.js';
import { PhaseClock } from './phase-clock.js';
import { keepAssetsOf } from './kept-assets.js';
import { findFailure } from './post-check.js';
import { recoveryStep } from './recovery-table.js';
import type { RecoveryStep } from './recovery-table.js';
import type { Environment } from './release-environment.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readManifestOrNone } from './require-release.js';
import { staysCurrent, takeBack } from './revert.js';
import { endLeftRunning } from './run-command.js';
import { restorePrevious } from './switch-current.js';

export interface RecoverOptions {
  readonly env: Environment;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Default: what the release says, else `verify`. */
  readonly onCrash?: CrashPolicy | undefined;
}

/** What recovery found and did. */
export interface Recovered {
  /** `verified` and `reverted` are the two ends of a check. */
  readonly outcome: 'none' | 'not-activated' | 'superseded' | 'verified' | 'unhealthy' | 'kept' | 'reverted';
  /** The release whose activation was cut off. */
  readonly release: string | null;
  /** Leftovers that were removed. */
  readonly removed: number;
  /** True when a command of the app was still running and was ended. */
  readonly endedCommand: boolean;
}

/** Throws E_FILE_SYSTEM, E_DISK_FULL, E_INTERRUPTED (the journal then stays open). */
export async function recoverRoot(paths: HostPaths, options: RecoverOptions): Promise<Recovered> {
  const endedCommand = endLeftRunning(paths);
  const journal = readJournal(paths);
  const outcome = journal === undefined ? 'none' : await settle(paths, journal, options);
  const removed = clearLeftovers(paths);
  const release = journal === undefined || outcome === 'none' ? null : journal.to;
  return { outcome, release, removed, endedCommand };
}

async function settle(
  paths: HostPaths,
  journal: Journal,
  options: RecoverOptions,
): Promise<Recovered['outcome']> {
  const manifest = readManifestOrNone(paths, journal.to);
  const policy = options.onCrash ?? manifest?.host.onCrash ?? 'verify';
  const step = recoveryStep(journal, currentRelease(paths) ?? null, policy);
  if (step === 'none') return 'none';
  const plan = {
    ...options,
    paths,
    act: journal.act,
    release: journal.to,
    manifest,
    clock: new PhaseClock(),
  };
  return carryOut(step, resumeAct(beginAct(plan), journal));
}

/** The act goes on under a number of its own, so that no hook runs twice in one transaction. */
function resumeAct(act: Act, journal: Journal): Act {
  const { from, previous } = journal;
  const contractRan = readContracts(act.paths).some(
    ({ txid, effect }) => txid === journal.txid && effect !== 'cautious',
  );
  return { ...act, from, previous, hooks: { ...act.hooks, previous: from }, contractRan };
}

async function carryOut(step: RecoveryStep, act: Act): Promise<Recovered['outcome']> {
  switch (step) {
    case 'not-activated':
      withFileErrors('cannot set `previous`', () => restorePrevious(act.paths, act.previous));
      attempt(act, 'put back the assets of the release before', () => keepAssetsOf(act, act.from));
      return end(act, 'not-activated', 'cut off before the switch');
    case 'superseded':
      return end(act, 'superseded', 'cut off; another release has been made current since');
    case 'keep':
      keepPrevious(act);
      return end(act, 'kept', 'cut off after the switch; kept unchecked');
    case 'verify':
      keepPrevious(act);
      return verify(act);
    default:
      return revert(act, 'cut off by a crash');
  }
}

async function verify(act: Act): Promise<Recovered['outcome']> {
  act.progress.note(`the activation of ${act.release} was cut off: checking whether it is healthy`);
  const failure = await findFailure(act);
  if (failure === undefined) {
    markRelease(act, 'healthy');
    return end(act, 'verified', 'cut off after the switch; healthy');
  }
  if (failure.interrupted) throw new SalverError('E_INTERRUPTED', 'interrupted during recovery');
  if (staysCurrent(act, failure) === undefined) return revert(act, failure.reason);
  act.progress.warn(`${act.release} is not healthy: ${failure.reason}`);
  return end(act, 'unhealthy', failure.reason);
}

async function revert(act: Act, reason: string): Promise<Recovered['outcome']> {
  if (act.from !== null && !existsSync(releasePath(act.paths, act.from))) {
    act.progress.warn(`${act.from} is gone: ${act.release} stays current, although: ${reason}`);
    return end(act, 'unhealthy', reason);
  }
  act.progress.warn(`${act.release} is taken back: ${reason}`);
  await takeBack(act, { phase: 'check', reason, interrupted: false });
  return 'reverted';
}

/** A rollback that died right behind its rename has no `previous`. */
function keepPrevious(act: Act): void {
  const { paths, from, release } = act;
  if (act.act !== 'rollback' || from === null || from === release || previousRelease(paths) !== undefined)
    return;
  attempt(act, 'set `previous`', () => restorePrevious(paths, from));
}

function end(act: Act, outcome: Recovered['outcome'], reason: string): Recovered['outcome'] {
  recordAct(act, outcome, { act: 'recover', reason });
  withFileErrors('cannot close the journal', () => journalAct(act, 'done'));
  return outcome;
}
