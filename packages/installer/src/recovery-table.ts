// What the next run does about an act that was cut off, as data. The first row that fits counts.
import type { CrashPolicy } from '@salver/core';
import type { Journal, JournalPhase } from './journal.js';

/** Which release `current` names, as the journal calls it. */
export type CurrentIs = 'from' | 'to' | 'other';

/**
 * `none`: nothing to do. `not-activated`: the switch was never made; put `previous` back. `superseded`: somebody has
 * switched by other means since; leave it. `verify`: the switch was made and nobody knows how the release fares;
 * reload, check, and go back if it fails. `keep`: take it as it is. `revert`: go back to `from`.
 */
export type RecoveryStep = 'none' | 'not-activated' | 'superseded' | 'verify' | 'keep' | 'revert';

export interface RecoveryRow {
  /** Absent: there is no journal. */
  readonly phase?: JournalPhase;
  /** Absent: any. */
  readonly current?: CurrentIs;
  readonly policy?: CrashPolicy;
  readonly step: RecoveryStep;
}

export const RECOVERY_TABLE: readonly RecoveryRow[] = [
  { step: 'none' },
  { phase: 'done', step: 'none' },
  { phase: 'activating', current: 'from', step: 'not-activated' },
  { phase: 'activating', current: 'to', policy: 'verify', step: 'verify' },
  { phase: 'activating', current: 'to', policy: 'rollback', step: 'revert' },
  { phase: 'activating', current: 'to', policy: 'keep', step: 'keep' },
  { phase: 'activating', current: 'other', step: 'superseded' },
  // The way back had begun: whichever of the two is current, it is gone to its end.
  { phase: 'rolling-back', current: 'from', step: 'revert' },
  { phase: 'rolling-back', current: 'to', step: 'revert' },
  { phase: 'rolling-back', current: 'other', step: 'superseded' },
];

/** The step for this journal. `current` is the release that `current` names, or null. */
export function recoveryStep(
  journal: Journal | undefined,
  current: string | null,
  policy: CrashPolicy,
): RecoveryStep {
  const is = currentIs(journal, current);
  const row = RECOVERY_TABLE.find(
    (candidate) =>
      candidate.phase === journal?.phase &&
      (candidate.current ?? is) === is &&
      (candidate.policy ?? policy) === policy,
  );
  return row?.step ?? 'none';
}

/** Where both are the same (the first release, made current again), the switch counts as made. */
function currentIs(journal: Journal | undefined, current: string | null): CurrentIs {
  if (current === journal?.to) return 'to';
  return current === journal?.from ? 'from' : 'other';
}
