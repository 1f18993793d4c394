// What an activation needs of events: put one into the outbox, and deliver what is there. Neither can fail it or
// hold it up. Without config/webhooks.json both are one look at the disk, and nothing else is loaded.
import { existsSync } from 'node:fs';
import { isSalverError, printable } from '@salver/core';
import { readEnvFile } from '../env-file.js';
import type { HostPaths } from '../host-paths.js';
import type { DeliveryReport, DeliverOptions } from './deliver-outbox.js';
import { plainOccurrence } from './occurrence.js';
import type { ReleaseOccurrence } from './occurrence.js';
import { makeOutbox, outboxNames, writeEvent } from './outbox-files.js';
import { OUTBOX_FILES_MAX, limitOutbox } from './outbox-limits.js';

export type { DeliveryReport, DeliverOptions } from './deliver-outbox.js';
export type { ReleaseOccurrence } from './occurrence.js';

/**
 * Writes the event into the outbox, durably; nothing when no webhook is configured. Never throws: with a full
 * disk the event is lost, and the activation stands.
 */
export function enqueueEvents(paths: HostPaths, occurrence: ReleaseOccurrence): void {
  try {
    if (!existsSync(paths.webhooksFile)) return;
    makeOutbox(paths);
    writeEvent(paths, plainOccurrence(withoutSecrets(paths, occurrence)));
    if (outboxNames(paths).length > OUTBOX_FILES_MAX) limitOutbox(paths, Date.now());
  } catch {
    // Telling others is worth less than what they would be told of.
  }
}

/**
 * Sends what is due, for at most `deadlineMs`; what is left waits for the next call. Never throws: problems are
 * warnings of the report.
 */
export async function deliverEvents(paths: HostPaths, options: DeliverOptions): Promise<DeliveryReport> {
  try {
    if (existsSync(paths.webhooksFile)) {
      const { deliverOutbox } = await import('./deliver-outbox.js');
      return await deliverOutbox(paths, options);
    }
    return NOTHING;
  } catch (error) {
    const problem = isSalverError(error) ? error.message : printable(String(error));
    return { ...NOTHING, warnings: [`events were not delivered: ${problem}`] };
  }
}

const NOTHING: DeliveryReport = { delivered: 0, pending: 0, failed: 0, problems: [], warnings: [] };

const SECRET_CHARACTERS_MIN = 8;

/** The reason may quote what a hook printed; the values of config/env stay on this host. */
function withoutSecrets(paths: HostPaths, occurrence: ReleaseOccurrence): ReleaseOccurrence {
  if (occurrence.reason === undefined) return occurrence;
  const values = [...envValues(paths)].filter(({ length }) => length >= SECRET_CHARACTERS_MIN);
  const reason = values.reduce((text, value) => text.replaceAll(value, '***'), occurrence.reason);
  return { ...occurrence, reason };
}

function envValues(paths: HostPaths): Iterable<string> {
  try {
    return readEnvFile(paths.envFile).values();
  } catch {
    return [];
  }
}
