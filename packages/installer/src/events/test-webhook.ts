// `events --test NAME`: one event to one webhook, now, past the outbox, to see whether its settings are right.
import { SalverError, nearestWord, printable } from '@salver/core';
import { hostPaths } from '../host-paths.js';
import { requireRoot } from '../prepare-root.js';
import { rootStatus } from '../root-status.js';
import { attemptDelivery } from './attempt-delivery.js';
import { loadWebhooks } from './load-webhooks.js';
import type { Webhook } from './load-webhooks.js';
import { eventIdOf } from './occurrence.js';
import type { ReleaseOccurrence } from './occurrence.js';

export interface TestResult {
  readonly webhook: string;
  readonly template: string;
  readonly origin: string;
  readonly id: string;
  /** Status of the last answer. */
  readonly status: number;
  /** Its body, secrets hidden, cut. */
  readonly answer: string;
  readonly durationMs: number;
  readonly warnings: readonly string[];
}

export interface TestOptions {
  readonly root: string;
  readonly webhook: string;
  /** Who sends it. */
  readonly by: string;
  readonly signal?: AbortSignal | undefined;
}

const TEST_MS_MAX = 30_000;
/** Tests must not be taken for deployments: GitHub would mark the real one inactive. */
const TEST_ENVIRONMENT = 'salver-test';

/** Throws E_USAGE (no such webhook), E_EVENT_NOT_DELIVERED, E_CONFIG_INVALID, E_RELEASE_NOT_FOUND, E_FILE_SYSTEM. */
export async function testWebhook({ root, webhook: name, by, signal }: TestOptions): Promise<TestResult> {
  const paths = hostPaths(root);
  requireRoot(paths);
  const config = loadWebhooks(paths);
  const webhooks = config?.webhooks ?? [];
  const webhook = webhooks.find((one) => one.name === name);
  if (config === undefined || webhook === undefined) throw unknownWebhook(name, webhooks);
  const occurrence = testOccurrence(root, by);
  const id = eventIdOf(occurrence);
  const event = { id, occurrence, host: config.host, environment: TEST_ENVIRONMENT, isTest: true };
  const began = Date.now();
  const result = await attemptDelivery(
    webhook,
    event,
    { stepsDone: 0, kept: null },
    { totalMs: TEST_MS_MAX, signal },
  );
  if (signal?.aborted === true) throw new SalverError('E_INTERRUPTED', 'interrupted');
  const answer = printable(result.answer?.body ?? '');
  if (result.kind !== 'delivered') throw notDelivered(webhook, result.problem, answer);
  const { template, origin } = webhook;
  const durationMs = Date.now() - began;
  return {
    webhook: name,
    template,
    origin,
    id,
    status: result.answer?.status ?? 0,
    answer,
    durationMs,
    warnings: config.warnings,
  };
}

/** As if the current release had just been activated. */
function testOccurrence(root: string, by: string): ReleaseOccurrence {
  const { name, current } = rootStatus(root);
  return {
    kind: 'activated',
    at: new Date().toISOString(),
    app: name ?? 'app',
    release: current?.release ?? '0.0.0-000000000000',
    id: current?.id ?? '0'.repeat(64),
    version: current?.version ?? '0.0.0',
    previous: null,
    ...(current?.commit === undefined ? {} : { commit: current.commit }),
    by,
    durationMs: 0,
    txid: `test-${Date.now()}-${process.pid}`,
  };
}

function unknownWebhook(name: string, webhooks: readonly Webhook[]): SalverError {
  const names = webhooks.map((webhook) => webhook.name);
  const suggestion = nearestWord(name, names);
  return new SalverError('E_USAGE', `no webhook is called "${printable(name)}"`, {
    hint:
      suggestion !== undefined
        ? `did you mean "${suggestion}"?`
        : names.length === 0
          ? 'config/webhooks.json configures none'
          : `config/webhooks.json has ${names.join(', ')}`,
    facts: { webhooks: names },
  });
}

function notDelivered({ name, template, origin }: Webhook, problem: string, answer: string): SalverError {
  const shown = answer === '' ? '' : `: ${answer}`;
  return new SalverError('E_EVENT_NOT_DELIVERED', `${name} (${template}) at ${origin}: ${problem}${shown}`, {
    hint: 'check the webhook in config/webhooks.json, and whether this host may reach it',
    facts: { webhook: name, template, origin, problem, answer },
  });
}
