// From events to deliveries: one for each webhook that wants the kind.
import type { HostPaths } from '../host-paths.js';
import type { Webhook } from './load-webhooks.js';
import { deliveryFile, removeOutboxFiles, writeDelivery } from './outbox-files.js';
import type { Delivery, OutboxContent, StoredDelivery, StoredEvent } from './outbox-files.js';

/** The deliveries that an event gives rise to. */
export function plannedDeliveries(
  { occurrence }: StoredEvent,
  webhooks: readonly Webhook[],
): readonly StoredDelivery[] {
  return webhooks
    .filter(({ kinds }) => kinds.includes(occurrence.kind))
    .map(({ name: webhook }) => {
      const delivery: Delivery = {
        webhook,
        occurrence,
        state: 'pending',
        attempts: 0,
        nextAttemptAt: 0,
        stepsDone: 0,
        kept: null,
        problem: '',
      };
      return { file: deliveryFile(delivery), delivery };
    });
}

/**
 * Turns every event into deliveries; needs the lock of the outbox. A delivery that is there already stays as it
 * is: a crash came between the two, and it may have made progress. Returns how many events there were.
 */
export function distributeEvents(
  paths: HostPaths,
  content: OutboxContent,
  webhooks: readonly Webhook[],
): number {
  const existing = new Set(content.deliveries.map(({ file }) => file));
  for (const event of content.events) {
    for (const { file, delivery } of plannedDeliveries(event, webhooks)) {
      if (!existing.has(file)) writeDelivery(paths, file, delivery);
    }
    removeOutboxFiles(paths, [event.file]);
  }
  return content.events.length;
}
