// The one procedure that makes a release current: for install, activate and rollback. It reads as the protocol
// (docs/hosts.md); whatever fails before the switch has changed nothing, whatever fails after it is taken back.
import { SalverError, isSalverError } from '@salver/core';
import type { HookRule } from '@salver/core';
import { attempt, beginAct, journalAct, markRelease, recordAct } from './act.js';
import type { Act, ActPlan } from './act.js';
import { checkCandidate } from './candidate-check.js';
import { cautionsInTheWay, recordContract, refuseAcrossContract } from './contract-guard.js';
import type { ContractMigration } from './contract-guard.js';
import { checkEnvironment } from './env-contract.js';
import { occurred } from './events/report-occurrence.js';
import { rethrowFileError, withFileErrors } from './file-errors.js';
import { releasePath } from './host-paths.js';
import { isFull } from './journal.js';
import { keepAssets, keepAssetsOf } from './kept-assets.js';
import { describeMigrations, newMigrations } from './new-migrations.js';
import { findFailure } from './post-check.js';
import { currentRelease, previousRelease } from './release-links.js';
import { checkPythonLink } from './python-links.js';
import { readMark } from './release-marks.js';
import { readManifestOrNone } from './require-release.js';
import { handleFailure } from './revert.js';
import { hookRule, runHook } from './run-hook.js';
import { checkSharedWritable, fillSharedPaths, sharedPathsOf } from './shared-paths.js';
import { clearWayBack, layWayBack, restorePrevious, switchBack, switchForward } from './switch-current.js';
import { warnOfRemovedVariables } from './removed-variables.js';

/** What has become current. */
export interface Activated {
  readonly txid: string;
  /** The release a rollback would go to now, or null. */
  readonly previous: string | null;
}

/**
 * Throws E_ENV_UNMET, E_NEEDS_UNMET, E_ROLLBACK_UNSAFE, E_ROOT_UNUSABLE, E_HOOK_FAILED, E_DISK_FULL, E_FILE_SYSTEM (nothing was
 * switched); E_ACTIVATION_FAILED (candidate refused, or taken back); E_UNHEALTHY (a rollback that stands);
 * E_DURABILITY_UNKNOWN; E_INTERRUPTED.
 */
export async function performActivation(plan: ActPlan): Promise<Activated> {
  const act = beginAct(plan);
  const { clock } = act;
  await clock.measure('preflight', () => preflight(act));
  await provingItself(act, async () => {
    await clock.measure('prepare', () => prepare(act));
    await clock.measure('migrate', () => migrate(act));
    await clock.measure('candidate', () => tryCandidate(act));
  });
  await clock.measure('activate', () => commit(act));
  const failure = await findFailure(act);
  if (failure !== undefined) await handleFailure(act, failure);
  await clock.measure('finish', () => finish(act));
  await cleanUp(act);
  return { txid: act.txid, previous: previousRelease(act.paths) ?? null };
}

/** P2: what can be known beforehand. A rollback only warns: at night the release before is better than none. */
function preflight(act: Act): void {
  const { paths, manifest, release, env } = act;
  const force = act.force ?? false;
  refuseAcrossContract(paths, { release, current: act.from ?? undefined, force });
  for (const { release: of, what = '' } of cautionsInTheWay(paths, release)) {
    act.progress.warn(`${release} is from before migrations of ${of} that it may not bear: ${what}`);
  }
  attempt(act, 'compare the variables with those of last time', () => warnOfRemovedVariables(act));
  if (manifest === undefined) return;
  const checks = [
    () => checkPythonLink(releasePath(paths, release), manifest.needs.python),
    () => checkEnvironment(paths, manifest, env),
    () => {
      const shared = sharedPathsOf(manifest);
      withFileErrors('cannot set up shared paths', () =>
        fillSharedPaths(paths, releasePath(paths, release), shared),
      );
      checkSharedWritable(paths, shared, (text) => act.progress.warn(text));
    },
  ];
  for (const check of checks) {
    if (act.act === 'rollback') attempt(act, 'confirm that the release fits this host', check);
    else check();
  }
}

/** Before the switch: a failure is written down, and that is all that has changed. */
async function provingItself(act: Act, work: () => Promise<void>): Promise<void> {
  if (act.act === 'rollback') return;
  try {
    await work();
    refuseInterrupted(act);
  } catch (error) {
    if (!isSalverError(error)) throw error;
    const result = error.code === 'E_INTERRUPTED' ? 'interrupted' : 'failed';
    recordAct(act, result, { reason: error.message });
    if (result === 'failed') occurred(act, 'activation-failed', error.message);
    throw error;
  }
}

/** P5: on every host, before anything is switched. */
async function prepare(act: Act): Promise<void> {
  await runHook(act.hooks, 'prepare');
}

/**
 * P5, once per fleet. That a contract migration begins is written down first: even one that is cut off may have
 * taken away what older releases need.
 */
async function migrate(act: Act): Promise<void> {
  const rule = hookRule(act.manifest, 'migrate');
  if (act.migrate !== true) {
    if (rule !== undefined) act.progress.note('the release has a migrate hook; it runs only with --migrate');
    return;
  }
  if (rule === undefined) {
    act.progress.warn(`${act.release} has no migrate hook: nothing to migrate`);
    return;
  }
  noteEffects(act, rule);
  await runHook(act.hooks, 'migrate');
}

/** Written down before it begins; what the app declares wins over what its build found out. */
function noteEffects(act: Act, rule: HookRule): void {
  const { paths, from, manifest, progress } = act;
  if (rule.phase === 'contract') return noteMigration(act, { effect: 'contract' });
  const before = from === null ? undefined : readManifestOrNone(paths, from);
  const added = rule.phase === undefined ? newMigrations(before, manifest) : undefined;
  if (added === undefined) return;
  const { contract, cautious, expand } = added;
  progress.note(
    `new migrations: ${expand.length} expand, ${cautious.length} to be looked at, ${contract.length} contract`,
  );
  if (cautious.length > 0) noteMigration(act, { effect: 'cautious', what: describeMigrations(cautious) });
  if (contract.length === 0) return;
  const what = describeMigrations(contract);
  progress.warn(`older releases do not work any more after ${what}`);
  noteMigration(act, { effect: 'contract', what });
}

function noteMigration(act: Act, facts: Pick<ContractMigration, 'effect' | 'what'>): void {
  const { paths, release, seq, txid } = act;
  withFileErrors('cannot note down the migration', () =>
    recordContract(paths, { release, seq, txid, at: new Date().toISOString(), ...facts }),
  );
  if (facts.effect === 'contract') act.contractRan = true;
}

/** P8. */
async function tryCandidate(act: Act): Promise<void> {
  const problem = await checkCandidate(act.hooks);
  if (problem === undefined) return;
  markRelease(act, 'failed', problem);
  throw new SalverError('E_ACTIVATION_FAILED', `${act.release} does not work on a spare port: ${problem}`, {
    hint: `nothing was switched; its output: \`salver-host history --show ${act.txid}\``,
    facts: { phase: 'candidate', release: act.release, current: act.from ?? '', txid: act.txid },
  });
}

/**
 * P9 and P10. A crash before the rename leaves `from` current, and recovery tidies up; a crash after it leaves
 * `to` current, and recovery checks it. A failure before the rename is undone here.
 */
function commit(act: Act): void {
  const { paths, release, from } = act;
  openJournal(act);
  try {
    placeAssets(act);
    if (from !== null) layWayBackFor(act, from);
    // A release that failed is nothing to go back to.
    const isFit = from !== null && readMark(paths, from)?.health !== 'failed';
    const newPrevious = isFit ? from : undefined;
    if (act.act === 'rollback') {
      const problem = switchBack(paths, release, newPrevious);
      if (problem !== undefined) act.progress.warn(problem);
    } else switchForward(paths, release, newPrevious);
  } catch (error) {
    if (currentRelease(paths) !== release) undoCommit(act);
    rethrowFileError(error, `cannot activate ${release}`);
  }
}

/** A rollback must be possible on a full disk even where no journal was ever made: it is one rename in any case. */
function openJournal(act: Act): void {
  try {
    journalAct(act, 'activating');
  } catch (error) {
    if (act.act !== 'rollback' || !isFull(error)) rethrowFileError(error, 'cannot write the journal');
    act.progress.warn('the disk is full: the rollback goes on without a journal');
  }
}

/** Whoever sees the release finds its static files; those of the release before stay where they are. */
function placeAssets(act: Act): void {
  if (act.act === 'rollback') attempt(act, 'put the assets where they are served', () => keepAssets(act));
  else keepAssets(act);
}

function layWayBackFor(act: Act, from: string): void {
  try {
    layWayBack(act.paths, from);
  } catch (error) {
    if (act.act !== 'rollback' || !isFull(error)) throw error;
  }
}

function undoCommit(act: Act): void {
  const { paths, previous } = act;
  attempt(act, 'put back what `previous` named', () => restorePrevious(paths, previous));
  attempt(act, 'put back the assets of the release before', () => keepAssetsOf(act, act.from));
  attempt(act, 'remove a temporary link', () => clearWayBack(paths));
  attempt(act, 'close the journal', () => journalAct(act, 'done'));
}

/** P12. A crash here leaves an open journal: recovery checks the release again and finishes. */
function finish(act: Act): void {
  attempt(act, 'remove a temporary link', () => clearWayBack(act.paths));
  markRelease(act, 'healthy');
  recordAct(act, 'ok');
  attempt(act, 'close the journal', () => journalAct(act, 'done'));
  occurred(act, act.act === 'rollback' ? 'rolled-back' : 'activated');
}

/** The release is current and healthy: what goes wrong now is worth a warning and no more. */
async function cleanUp(act: Act): Promise<void> {
  if (act.act === 'rollback') return;
  try {
    await act.clock.measure('cleanup', () => runHook(act.hooks, 'cleanup'));
  } catch (error) {
    if (!isSalverError(error)) throw error;
    act.progress.warn(`${error.message}; ${act.release} is current and healthy all the same`);
  }
}

function refuseInterrupted(act: Act): void {
  if (act.signal?.aborted !== true) return;
  throw new SalverError('E_INTERRUPTED', `interrupted before ${act.release} was switched to`);
}
