// Empties the outbox as far as receivers and time allow. One process at a time; each webhook has a queue of its
// own, in the order of events, so that one that hangs does not hold up the others.
import { setTimeout as delay } from 'node:timers/promises';
import { isSalverError } from '@salver/core';
import { withFileErrors } from '../file-errors.js';
import type { HostPaths } from '../host-paths.js';
import { withRootLock } from '../lock.js';
import { attemptDelivery } from './attempt-delivery.js';
import { distributeEvents } from './distribute-events.js';
import type { HostEvent } from './host-event.js';
import { loadWebhooks } from './load-webhooks.js';
import type { Webhook, WebhooksConfig } from './load-webhooks.js';
import { eventIdOf } from './occurrence.js';
import {
  makeOutbox,
  readOutbox,
  removeOutboxFiles,
  removeUnfinishedFiles,
  writeDelivery,
} from './outbox-files.js';
import type { Delivery, StoredDelivery } from './outbox-files.js';
import { droppedCount, forgetDropped, limitOutbox } from './outbox-limits.js';
import { RETRY_AFTER_MAX_MS, backoffMs } from './retry-schedule.js';

export interface DeliverOptions {
  /** How long this may take, in milliseconds. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Also those that were refused, and without waiting for their time. Default false. */
  readonly retry?: boolean | undefined;
}

export interface DeliveryReport {
  /** Taken by their receivers in this run. */
  readonly delivered: number;
  /** Still in the outbox: to be tried again. */
  readonly pending: number;
  /** In the outbox, refused for good. */
  readonly failed: number;
  /** What was tried in this run and is still there, one line each: `team (slack): shop@1.4.2 activated: answered 500`. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** A run of deliveries. */
interface Run {
  readonly paths: HostPaths;
  readonly config: WebhooksConfig;
  readonly options: DeliverOptions;
  /** Milliseconds since 1970. */
  readonly ends: number;
  /** By file; taken out again when a later attempt succeeds. */
  readonly problems: Map<string, string>;
  readonly warnings: string[];
  /** Files that `retry` has given their chance in this run. */
  readonly retried: Set<string>;
  delivered: number;
}

/** No event gets more at a time, however long the run may take. */
const ATTEMPT_MS_MAX = 30_000;
/** With less time left it is better left to the next run. */
const ATTEMPT_MS_MIN = 100;

/**
 * Sends what is due. Throws E_CONFIG_INVALID, E_FILE_SYSTEM, E_DISK_FULL, E_ROOT_UNUSABLE, and E_INTERRUPTED
 * while it waits for another process that delivers.
 */
export async function deliverOutbox(paths: HostPaths, options: DeliverOptions): Promise<DeliveryReport> {
  const ends = Date.now() + options.deadlineMs;
  const config = loadWebhooks(paths);
  if (config === undefined) return { delivered: 0, pending: 0, failed: 0, problems: [], warnings: [] };
  const warnings = [...config.warnings];
  const run: Run = {
    paths,
    config,
    options,
    ends,
    problems: new Map(),
    warnings,
    retried: new Set(),
    delivered: 0,
  };
  withFileErrors(`cannot use ${paths.outbox}`, () => makeOutbox(paths));
  const lock = { action: 'deliver events', waitMs: options.deadlineMs, signal: options.signal };
  try {
    await withRootLock({ ...paths, lock: `${paths.outbox}/lock` }, lock, () => deliverAll(run));
  } catch (error) {
    // Another process delivers: it finds what this one has put into the outbox.
    if (!isSalverError(error, 'E_LOCK_HELD')) throw error;
    run.warnings.push('another process is delivering events');
  }
  return reportOf(run);
}

async function deliverAll(run: Run): Promise<void> {
  const { config } = run;
  const now = Date.now();
  tidy(run, now);
  // Again when events have come in meanwhile: whoever put them there may have found the lock held.
  do {
    await Promise.all(config.webhooks.map((webhook) => deliverQueue(run, webhook)));
  } while (!isOver(run) && distribute(run) > 0);
}

/** What is not to be sent: leftovers, what is too old or too much, what nobody wants any more. */
function tidy(run: Run, now: number): void {
  const { paths, config, warnings } = run;
  withFileErrors(`cannot tidy ${paths.outbox}`, () => {
    removeUnfinishedFiles(paths, now);
    limitOutbox(paths, now);
    const dropped = droppedCount(paths);
    if (dropped > 0) {
      const what = dropped === 1 ? '1 event was' : `${dropped} events were`;
      warnings.push(`${what} dropped: the outbox was full, or too old to be of interest`);
    }
    forgetDropped(paths);
    const { deliveries, unreadable } = readOutbox(paths);
    removeOutboxFiles(paths, unreadable);
    if (unreadable.length > 0)
      warnings.push(`${unreadable.length} damaged files were removed from the outbox`);
    const known = new Set(config.webhooks.map(({ name }) => name));
    const orphans = deliveries.filter(({ delivery }) => !known.has(delivery.webhook));
    removeOutboxFiles(
      paths,
      orphans.map(({ file }) => file),
    );
    for (const name of new Set(orphans.map(({ delivery }) => delivery.webhook)))
      warnings.push(`what was left for ${name} was dropped: it is not in config/webhooks.json any more`);
  });
  distribute(run);
}

function distribute({ paths, config }: Run): number {
  return withFileErrors(`cannot write to ${paths.outbox}`, () =>
    distributeEvents(paths, readOutbox(paths), config.webhooks),
  );
}

function isOver({ ends, options }: Run): boolean {
  return Date.now() >= ends || options.signal?.aborted === true;
}

/**
 * One after the other, oldest first. After a failure the webhook is left alone for a while; then those that have
 * not failed go first, so that one that always fails does not hold up the rest.
 */
async function deliverQueue(run: Run, webhook: Webhook): Promise<void> {
  const queue = queueOf(run, webhook);
  let restsUntil = 0;
  while (!isOver(run)) {
    const next = queue.sort((a, b) => dueInMs(run, a) - dueInMs(run, b)).shift();
    if (next === undefined) return;
    const waitMs = Math.max(dueInMs(run, next), restsUntil - Date.now());
    if (Date.now() + waitMs + ATTEMPT_MS_MIN > run.ends) return;
    if (waitMs > 0 && !(await waited(waitMs, run.options.signal))) return;
    const left = await deliverOne(run, webhook, next);
    if (left === undefined) continue;
    restsUntil = left.delivery.nextAttemptAt;
    queue.push(left);
  }
}

/** Read once: while the lock is held nobody else changes deliveries. */
function queueOf({ paths, options, retried }: Run, webhook: Webhook): StoredDelivery[] {
  const { deliveries } = withFileErrors(`cannot read ${paths.outbox}`, () => readOutbox(paths));
  return deliveries.filter(({ file, delivery: { webhook: name, state } }) => {
    return name === webhook.name && (state === 'pending' || (options.retry === true && !retried.has(file)));
  });
}

/** A clock that was set back must not silence a webhook: nothing waits longer than a receiver may ask for. */
function dueInMs({ options, retried }: Run, { file, delivery }: StoredDelivery): number {
  if (options.retry === true && !retried.has(file)) return 0;
  const waitMs = delivery.nextAttemptAt - Date.now();
  return waitMs > RETRY_AFTER_MAX_MS ? 0 : Math.max(0, waitMs);
}

async function waited(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await delay(waitMs, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch {
    return false;
  }
}

/** Returns what is to be tried again, or undefined when it is settled: taken or refused. */
async function deliverOne(
  run: Run,
  webhook: Webhook,
  { file, delivery }: StoredDelivery,
): Promise<StoredDelivery | undefined> {
  const { paths, options } = run;
  run.retried.add(file);
  let current = delivery;
  const save = (change: Partial<Delivery>): void => {
    current = { ...current, ...change };
    withFileErrors(`cannot write to ${paths.outbox}`, () => writeDelivery(paths, file, current));
  };
  const event = eventOf(delivery, run.config);
  const totalMs = Math.min(ATTEMPT_MS_MAX, run.ends - Date.now());
  const { signal } = options;
  const result = await attemptDelivery(webhook, event, delivery, { totalMs, signal, onStep: save });
  if (result.kind === 'delivered') {
    run.delivered += 1;
    run.problems.delete(file);
    withFileErrors(`cannot write to ${paths.outbox}`, () => removeOutboxFiles(paths, [file]));
    return undefined;
  }
  // Stopped by whoever runs this: no fault of the receiver.
  if (signal?.aborted === true) return undefined;
  const { problem } = result;
  run.problems.set(file, describeProblem(webhook, delivery, problem));
  const attempts = delivery.attempts + 1;
  if (result.kind === 'refused') {
    save({ attempts, problem, state: 'failed' });
    return undefined;
  }
  const nextAttemptAt = Date.now() + backoffMs(attempts, result.retryAfterMs);
  save({ attempts, problem, state: 'pending', nextAttemptAt });
  return { file, delivery: current };
}

function describeProblem({ name, template }: Webhook, { occurrence }: Delivery, problem: string): string {
  return `${name} (${template}): ${occurrence.release} ${occurrence.kind}: ${problem}`;
}

function eventOf({ occurrence }: Delivery, { host, environment }: WebhooksConfig): HostEvent {
  return { id: eventIdOf(occurrence), occurrence, host, environment, isTest: false };
}

function reportOf({ paths, delivered, problems, warnings }: Run): DeliveryReport {
  const { events, deliveries } = withFileErrors(`cannot read ${paths.outbox}`, () => readOutbox(paths));
  const failed = deliveries.filter(({ delivery }) => delivery.state === 'failed').length;
  const pending = events.length + deliveries.length - failed;
  return { delivered, pending, failed, problems: [...problems.values()], warnings };
}
