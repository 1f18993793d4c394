// One call of an operation fails with an error of the system. The run must end by itself, in a right state, and say
// what was wrong; the next run, undisturbed, must get to the end.
import type { ProgramResult } from '../product-harness.js';
import { endOf, judgeFault } from './fault-oracle.js';
import { judgeAfterwards, traceOperation, withCopy } from './kill-campaign.js';
import type { PointOutcome, Prepared } from './kill-campaign.js';
import { viewRoot } from './root-view.js';
import type { RootView } from './root-view.js';
import { hasFailed, hasFailedElsewhere } from './trace.js';
import type { CallPoint } from './trace.js';

/** What the system may answer, and the words for it that count as naming the cause. */
export const SYSTEM_ERRORS: Readonly<Record<string, RegExp>> = {
  ENOSPC: /ENOSPC|no space/i,
  EIO: /EIO|input\/output error/i,
  EROFS: /EROFS|read-only/i,
  EDQUOT: /EDQUOT|quota/i,
  EMFILE: /EMFILE|too many open files/i,
  ENOMEM: /ENOMEM|memory/i,
  EACCES: /EACCES|permission denied/i,
  EINTR: /EINTR|interrupted/i,
};

export interface FailingCall {
  readonly point: CallPoint;
  /** A key of {@link SYSTEM_ERRORS}. */
  readonly errno: string;
}

/** Lets the call fail and judges the exit, the message, what is left, and the next run. */
export function failAt(prepared: Prepared, { point, errno }: FailingCall): Promise<PointOutcome> {
  return withCopy(prepared, async (root) => {
    const inject = `error=${errno}:when=${point.nth}`;
    const { result, log } = await traceOperation(prepared, root, { calls: [point.name], inject, fast: true });
    if (!hasFailed(log, root) || hasAborted(result, log, root)) return { hit: false, findings: [] };
    const after = viewRoot(root);
    const findings = [
      ...judgeFault(prepared.expectation, prepared.before, after, result),
      ...judgeMessage(result, errno, prepared.expectation.status),
      ...judgeTidiness(prepared.before, after, point, result),
    ];
    const assetsMayLag = SAYS_ASSETS_LAG.test(`${result.stdout}${result.stderr}`);
    const knowing = { ...prepared, expectation: { ...prepared.expectation, assetsMayLag } };
    const afterwards = await judgeAfterwards(knowing, root, result.status === 0 ? result : undefined);
    return { hit: true, findings: [...findings, ...afterwards] };
  });
}

/** Going back matters more than they do. */
const SAYS_ASSETS_LAG = /cannot put (?:the assets|back the assets)/;

/** Node gives up when its own threads cannot wake each other: then the error has hit that as well, and tells nothing. */
function hasAborted(result: ProgramResult, log: string, root: string): boolean {
  return result.signal === 'SIGABRT' && hasFailedElsewhere(log, root);
}

interface PrintedFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

const BUG = 'E_INTERNAL';
/** Names of errors of the system in a text; ours begin with `E_`. */
const ERRNO_NAMES = /\bE[A-Z][A-Z0-9]{2,}\b/g;

/** A failure is one that Salver knows, and its message names the cause and no other. */
function judgeMessage(result: ProgramResult, errno: string, undisturbed: number): readonly string[] {
  // Done all the same, or failed as it would have without the error.
  if (result.status === 0 || result.status === undisturbed) return [];
  const failure = readFailure(result.stderr);
  if (failure === undefined) return [`M1 no failure is printed: ${endOf(result)}`];
  if (failure.code === BUG) return [`M2 taken for a bug: ${failure.message}`];
  const text = `${failure.message} ${failure.hint ?? ''}`;
  if (SYSTEM_ERRORS[errno]?.test(text) !== true) return [`M3 ${errno} is not named: ${failure.message}`];
  const others = (text.match(ERRNO_NAMES) ?? []).filter((name) => name !== errno);
  return others.length === 0 ? [] : [`M4 ${others.join(', ')} is named, it was ${errno}: ${failure.message}`];
}

function readFailure(stderr: string): PrintedFailure | undefined {
  const line = stderr
    .trimEnd()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  try {
    return line === undefined ? undefined : (JSON.parse(line) as PrintedFailure);
  } catch {
    return undefined;
  }
}

/** What flushing a directory is made of. */
const CONFIRMS = ['fsync', 'openat'];
const REMOVES = ['unlink', 'unlinkat', 'rmdir'];

/** A run that fails by itself takes its work away, unless it is the taking away that fails. */
function judgeTidiness(
  before: RootView,
  after: RootView,
  point: CallPoint,
  result: ProgramResult,
): readonly string[] {
  if (result.status === 0 || REMOVES.includes(point.name)) return [];
  // What an earlier run has left is for recovery, which needs the lock. What was moved to the trash must stay while
  // the disk does not confirm the move: a release that comes back after a power cut must be whole.
  const stays = CONFIRMS.includes(point.name) ? /^staging\/(?!trash-)[^/]+$/ : /^staging\/[^/]+$/;
  const staged = [...after.state.keys()].filter((path) => stays.test(path) && !before.state.has(path));
  return staged.length === 0 ? [] : [`I5 ${staged.join(', ')} is left by a run that failed by itself`];
}
