// What happens to releases on a host, in the form in which others are told of it.
import { integer, object, oneOf, printable, text } from '@salver/core';
import type { Shape } from '@salver/core';

export const OCCURRENCE_KINDS = ['activated', 'rolled-back', 'activation-failed', 'reverted'] as const;
export type OccurrenceKind = (typeof OCCURRENCE_KINDS)[number];

/** One act on a root that has ended. */
export interface ReleaseOccurrence {
  /**
   * `activated`, `rolled-back`: `release` is current now. `activation-failed`: `release` never became current.
   * `reverted`: it did, was found unhealthy, and `previous` is current again.
   */
  readonly kind: OccurrenceKind;
  /** ISO time of its end. */
  readonly at: string;
  readonly app: string;
  /** The release the act was about. */
  readonly release: string;
  readonly id: string;
  readonly version: string;
  /** The release that was current before the act, or null. */
  readonly previous: string | null;
  readonly commit?: string;
  readonly by: string;
  readonly durationMs: number;
  /** Names the act on this host; with `kind` it makes the event's id. */
  readonly txid: string;
  /** Why it failed, in one line. */
  readonly reason?: string;
}

/** The id of the event: the same however often it is put into the outbox or sent. */
export function eventIdOf({ txid, kind }: ReleaseOccurrence): string {
  return `${txid}-${kind}`;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T[0-9:.]+Z$/;

const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, place) =>
    value === null ? null : shape(value, place);

const DURATION_MS_MAX = 7 * 24 * 3_600_000;

const UNKNOWN = 'unknown';

/** Exactly the facts above, in a form that {@link OCCURRENCE} takes: callers may hold more, and fractions. */
export function plainOccurrence(occurrence: ReleaseOccurrence): ReleaseOccurrence {
  const { kind, at, app, release, id, version, previous, commit, by, durationMs, txid, reason } = occurrence;
  return {
    kind,
    at: new Date(at).toISOString(),
    // What a damaged record does not tell; receivers refuse empty words.
    app: app || UNKNOWN,
    release: release || UNKNOWN,
    id: id || UNKNOWN,
    version: version || UNKNOWN,
    previous,
    ...(commit === undefined ? {} : { commit }),
    by,
    durationMs: Math.min(DURATION_MS_MAX, Math.max(0, Math.round(durationMs))),
    txid,
    ...(reason === undefined ? {} : { reason: printable(reason) }),
  };
}

/** Checks an occurrence read back from disk. */
export const OCCURRENCE: Shape<ReleaseOccurrence> = object<ReleaseOccurrence>(
  {
    kind: oneOf(...OCCURRENCE_KINDS),
    at: text(ISO_TIME),
    app: text(),
    release: text(),
    id: text(),
    version: text(),
    previous: orNull(text()),
    commit: text(),
    by: text(/^/),
    durationMs: integer(0, DURATION_MS_MAX),
    txid: text(),
    reason: text(/^/),
  },
  ['commit', 'reason'],
);
