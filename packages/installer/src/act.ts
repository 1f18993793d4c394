// One act on `current` while it goes on: what the steps of an activation share, and the bookkeeping at its end.
import { bootId, errnoOf, isSalverError } from '@salver/core';
import type { Manifest, Progress } from '@salver/core';
import { actingUser } from './acting-user.js';
import { readContracts } from './contract-guard.js';
import { environmentNames } from './env-contract.js';
import { appendHistory } from './history.js';
import type { HistoryEntry } from './history-lines.js';
import type { HostPaths } from './host-paths.js';
import { readJournal, writeJournal } from './journal.js';
import type { ActKind, JournalPhase } from './journal.js';
import type { PhaseClock } from './phase-clock.js';
import type { Environment } from './release-environment.js';
import { currentRelease, previousRelease } from './release-links.js';
import { markedReleases, readMark, writeMark } from './release-marks.js';
import type { ReleaseMark } from './release-marks.js';
import type { HookContext } from './run-hook.js';

/** What an activation is to do. */
export interface ActPlan {
  readonly paths: HostPaths;
  readonly act: ActKind;
  /** The release to make current. It is installed. */
  readonly release: string;
  /** Undefined when it cannot be read, which only a rollback puts up with: it then runs no hooks. */
  readonly manifest: Manifest | undefined;
  readonly env: Environment;
  readonly clock: PhaseClock;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** Run the `migrate` hook. */
  readonly migrate?: boolean | undefined;
  /** Go back over a contract migration. */
  readonly force?: boolean | undefined;
  /** Probation after the check, in milliseconds. */
  readonly watchMs?: number | undefined;
}

/** An act under way. */
export interface Act extends ActPlan {
  readonly seq: number;
  readonly txid: string;
  readonly by: string;
  readonly from: string | null;
  /** What `previous` named at the start. */
  readonly previous: string | null;
  readonly hooks: HookContext;
  /** A contract migration has begun in this act. */
  contractRan: boolean;
}

export function beginAct(plan: ActPlan): Act {
  const { paths, act, release, manifest, env, progress, signal } = plan;
  const seq = nextSeq(paths);
  // Unique although clocks may go back: the number alone is.
  const txid = `${String(seq).padStart(6, '0')}-${Date.now().toString(36)}`;
  const from = currentRelease(paths) ?? null;
  const hooks = { paths, release, manifest, previous: from, txid, act, env, progress, signal };
  const previous = previousRelease(paths) ?? null;
  return { ...plan, seq, txid, by: actingUser(env), from, previous, hooks, contractRan: false };
}

/** Larger than the number of any act before, also when the journal is lost. */
function nextSeq(paths: HostPaths): number {
  const journal = readJournal(paths);
  if (journal !== undefined) return journal.seq + 1;
  const marks = markedReleases(paths).map((release) => readMark(paths, release)?.seq ?? 0);
  return 1 + Math.max(0, ...marks, ...readContracts(paths).map(({ seq }) => seq));
}

/** Throws the system's error; the journal is then as it was. */
export function journalAct(act: Act, phase: JournalPhase): void {
  const { paths, txid, seq, from, previous } = act;
  const at = new Date().toISOString();
  const base = { format: 1, txid, seq, act: act.act, phase, from, to: act.release, previous } as const;
  writeJournal(paths, { ...base, bootId: bootId(), at });
}

/** Writes down how the release has fared. */
export function markRelease(act: Act, health: ReleaseMark['health'], reason?: string): void {
  const { paths, release, manifest, env, seq, txid, by } = act;
  attempt(act, 'note down how the release fared', () =>
    writeMark(paths, {
      format: 1,
      release,
      health,
      seq,
      txid,
      at: new Date().toISOString(),
      by,
      ...(reason === undefined ? {} : { reason }),
      checked: manifest?.host.hooks?.check !== undefined,
      envNames: environmentNames(paths, manifest, env),
    }),
  );
}

/** Adds the act to the history. */
export function recordAct(act: Act, result: string, more: Partial<HistoryEntry> = {}): void {
  const { paths, by, release, from, txid, clock, force } = act;
  attempt(act, 'add to the history', () =>
    appendHistory(paths, {
      at: new Date().toISOString(),
      by,
      act: act.act,
      result,
      release,
      from,
      txid,
      ...(force === true ? { forced: true } : {}),
      durationsMs: clock.phasesMs,
      ...more,
    }),
  );
}

/**
 * Bookkeeping: what the system refuses here, e.g. on a full disk, becomes a warning, because `current` is already
 * as it should be.
 */
export function attempt(act: Pick<Act, 'progress'>, what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) === undefined && !isSalverError(error)) throw error;
    const why = isSalverError(error) ? error.message : (errnoOf(error) ?? '');
    act.progress.warn(`cannot ${what}: ${why}`);
  }
}
