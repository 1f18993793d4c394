// What is in the outbox, for people and for `events --flush --dry-run`. Read-only.
import { withFileErrors } from '../file-errors.js';
import { hostPaths } from '../host-paths.js';
import { requireRoot } from '../prepare-root.js';
import { plannedDeliveries } from './distribute-events.js';
import { loadWebhooks } from './load-webhooks.js';
import type { Webhook } from './load-webhooks.js';
import { eventIdOf } from './occurrence.js';
import type { OccurrenceKind } from './occurrence.js';
import { readOutbox } from './outbox-files.js';
import type { StoredDelivery } from './outbox-files.js';
import { droppedCount } from './outbox-limits.js';

/** One event on its way to one webhook. */
export interface ListedEvent {
  readonly webhook: string;
  readonly id: string;
  readonly kind: OccurrenceKind;
  readonly release: string;
  /** ISO time at which it happened. */
  readonly at: string;
  readonly state: 'pending' | 'failed';
  readonly attempts: number;
  /** ISO time, or null: at once, or never. */
  readonly nextAttemptAt: string | null;
  readonly problem: string | null;
}

/** A configured webhook, without anything secret. */
export interface ListedWebhook {
  readonly name: string;
  readonly template: string;
  readonly origin: string;
  readonly on: readonly OccurrenceKind[];
}

export interface EventsOverview {
  readonly environment: string | null;
  readonly host: string | null;
  readonly webhooks: readonly ListedWebhook[];
  /** Oldest first. */
  readonly events: readonly ListedEvent[];
  /** How many were dropped since the last delivery. */
  readonly dropped: number;
  readonly warnings: readonly string[];
}

/** Throws E_RELEASE_NOT_FOUND when nothing was ever installed in `root`, E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function listEvents(root: string): EventsOverview {
  const paths = hostPaths(root);
  requireRoot(paths);
  const config = loadWebhooks(paths);
  const webhooks = config?.webhooks ?? [];
  return withFileErrors(`cannot read ${paths.outbox}`, () => {
    const { events, deliveries } = readOutbox(paths);
    const planned = events.flatMap((event) => plannedDeliveries(event, webhooks));
    const all = new Map([...planned, ...deliveries].map((stored) => [stored.file, stored]));
    const sorted = [...all.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
    return {
      environment: config?.environment ?? null,
      host: config?.host ?? null,
      webhooks: webhooks.map(describeWebhook),
      events: sorted.map(describeDelivery),
      dropped: droppedCount(paths),
      warnings: config?.warnings ?? [],
    };
  });
}

function describeWebhook({ name, template, origin, kinds }: Webhook): ListedWebhook {
  return { name, template, origin, on: kinds };
}

function describeDelivery({ delivery }: StoredDelivery): ListedEvent {
  const { webhook, occurrence, state, attempts, nextAttemptAt, problem } = delivery;
  const isWaiting = state === 'pending' && nextAttemptAt > 0;
  return {
    webhook,
    id: eventIdOf(occurrence),
    kind: occurrence.kind,
    release: occurrence.release,
    at: occurrence.at,
    state,
    attempts,
    nextAttemptAt: isWaiting ? new Date(nextAttemptAt).toISOString() : null,
    problem: problem === '' ? null : problem,
  };
}
