// The outbox on disk: `.salver/outbox`, private. Two kinds of files, each written beside its place and renamed:
//
//   <time>-<event id>.event                one event that nobody has looked at yet
//   <time>-<event id>.<webhook>.delivery   the same event on its way to one webhook
//
// The first is all that an activation writes. Whoever delivers makes the second from it, for every webhook that
// wants it, and then removes it: a crash in between makes them again, under the same names. A delivery is
// removed after the receiver has taken it: a crash in between sends it again, with the same id. They name
// webhooks and hold no URL, token or answer.
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { errnoOf, integer, object, oneOf, text } from '@salver/core';
import type { Shape } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { UNFINISHED_SUFFIX, writeDurably } from '../write-durably.js';
import { OCCURRENCE, eventIdOf } from './occurrence.js';
import type { ReleaseOccurrence } from './occurrence.js';

/** An event on its way to one webhook. */
export interface Delivery {
  readonly webhook: string;
  readonly occurrence: ReleaseOccurrence;
  /** `failed`: the receiver refused it for good; it is kept for a look and a `--retry`. */
  readonly state: 'pending' | 'failed';
  readonly attempts: number;
  /** Milliseconds since 1970; 0: at once. */
  readonly nextAttemptAt: number;
  /** How many requests of the template are done. */
  readonly stepsDone: number;
  /** What the last of them kept of its answer, or null. */
  readonly kept: string | null;
  /** Why the last attempt failed; empty before the first. */
  readonly problem: string;
}

export interface StoredEvent {
  readonly file: string;
  readonly occurrence: ReleaseOccurrence;
}

export interface StoredDelivery {
  readonly file: string;
  readonly delivery: Delivery;
}

/** What lies in the outbox, oldest first. */
export interface OutboxContent {
  readonly events: readonly StoredEvent[];
  readonly deliveries: readonly StoredDelivery[];
  /** Files that are neither, or damaged. */
  readonly unreadable: readonly string[];
}

const OUTBOX_MODE = 0o700;
const EVENT_SUFFIX = '.event';
const DELIVERY_SUFFIX = '.delivery';
/** What can be a part of a file name; a txid that is anything else is replaced character by character. */
const NOT_IN_NAMES = /[^A-Za-z0-9_-]/g;

/** Creates the directory. Throws the system's error. */
export function makeOutbox(paths: HostPaths): void {
  mkdirSync(paths.outbox, { recursive: true, mode: OUTBOX_MODE });
  // Whatever the umask, and whoever made it before.
  chmodSync(paths.outbox, OUTBOX_MODE);
}

function stemOf(occurrence: ReleaseOccurrence): string {
  const time = occurrence.at.replace(/[-:.]/g, '');
  return `${time}-${eventIdOf(occurrence)}`.replace(NOT_IN_NAMES, '_').slice(0, 160);
}

/** Throws the system's error. */
export function writeEvent(paths: HostPaths, occurrence: ReleaseOccurrence): void {
  write(paths, `${stemOf(occurrence)}${EVENT_SUFFIX}`, { format: 1, occurrence });
}

/** Name of the file of a delivery: the same for the same event and webhook. */
export function deliveryFile({ occurrence, webhook }: Pick<Delivery, 'occurrence' | 'webhook'>): string {
  return `${stemOf(occurrence)}.${webhook}${DELIVERY_SUFFIX}`;
}

/** Throws the system's error. */
export function writeDelivery(paths: HostPaths, file: string, delivery: Delivery): void {
  write(paths, file, { format: 1, ...delivery });
}

function write(paths: HostPaths, file: string, value: object): void {
  writeDurably(`${paths.outbox}/${file}`, [`${JSON.stringify(value)}\n`]);
}

/** Removes files of the outbox; one that is gone is fine. Throws the system's error. */
export function removeOutboxFiles(paths: HostPaths, files: readonly string[]): void {
  for (const file of files) rmSync(`${paths.outbox}/${file}`, { force: true });
}

/** Names of the files of events and deliveries, oldest first. */
export function outboxNames(paths: HostPaths): readonly string[] {
  try {
    const names = readdirSync(paths.outbox);
    return names.filter((name) => name.endsWith(EVENT_SUFFIX) || name.endsWith(DELIVERY_SUFFIX)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Reads the whole outbox. Throws the system's error. */
export function readOutbox(paths: HostPaths): OutboxContent {
  const events: StoredEvent[] = [];
  const deliveries: StoredDelivery[] = [];
  const unreadable: string[] = [];
  for (const file of outboxNames(paths)) {
    const value = readJson(`${paths.outbox}/${file}`);
    if (value === undefined) continue;
    try {
      if (file.endsWith(EVENT_SUFFIX)) events.push({ file, occurrence: EVENT_FILE(value, '').occurrence });
      else deliveries.push({ file, delivery: DELIVERY_FILE(value, '') });
    } catch {
      unreadable.push(file);
    }
  }
  return { events, deliveries, unreadable };
}

/** Undefined when the file is gone: another process has delivered it meanwhile. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

const EVENT_FILE: Shape<{ format: number; occurrence: ReleaseOccurrence }> = object({
  format: integer(1, 1),
  occurrence: OCCURRENCE,
});

const keptText: Shape<string | null> = (value, place) => (value === null ? null : text()(value, place));

const DELIVERY_FILE: Shape<Delivery & { format: number }> = object<Delivery & { format: number }>({
  format: integer(1, 1),
  webhook: text(),
  occurrence: OCCURRENCE,
  state: oneOf('pending', 'failed'),
  attempts: integer(0, Number.MAX_SAFE_INTEGER),
  nextAttemptAt: integer(0, Number.MAX_SAFE_INTEGER),
  stepsDone: integer(0, 100),
  kept: keptText,
  problem: text(/^/),
});

/** An enqueuing process that was killed leaves its unfinished file; one that lives is done long before this. */
const UNFINISHED_AGE_MAX_MS = 3_600_000;

/** Throws the system's error. */
export function removeUnfinishedFiles(paths: HostPaths, now: number): void {
  for (const name of readdirSync(paths.outbox)) {
    if (!name.endsWith(UNFINISHED_SUFFIX)) continue;
    const stats = statSync(`${paths.outbox}/${name}`, { throwIfNoEntry: false });
    if (stats !== undefined && now - stats.mtimeMs > UNFINISHED_AGE_MAX_MS) removeOutboxFiles(paths, [name]);
  }
}
