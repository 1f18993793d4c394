import { userInfo } from 'node:os';
import { SalverError } from '@salver/core';
import { flushEvents, listEvents, testWebhook } from '@salver/installer';
import type { DeliveryReport, EventsOverview, ListedEvent } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatCount, formatDuration } from '../format-amounts.js';
import { renderTable } from '../table.js';

const FLUSH_MS = 60_000;

/** `salver-host events [--flush [--retry] [--dry-run] | --test NAME]`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { flags, values } = context.input;
  const name = values.get('test');
  if (name !== undefined && flags.has('flush')) throw oneOrTheOther();
  for (const flag of ['retry', 'dry-run']) {
    if (flags.has(flag) && !flags.has('flush')) throw needsFlush(flag);
  }
  if (name !== undefined) return test(context, name);
  if (flags.has('flush')) return flags.has('dry-run') ? preview(context) : flush(context);
  return list(context);
}

function oneOrTheOther(): SalverError {
  return new SalverError('E_USAGE', '--flush and --test exclude each other', { hint: 'give one of them' });
}

function needsFlush(flag: string): SalverError {
  return new SalverError('E_USAGE', `--${flag} goes with --flush`, {
    hint: `salver-host events --flush --${flag}`,
  });
}

function list(context: CommandContext): CommandResult {
  const overview = overviewOf(context);
  return { json: overview, text: [...webhookLines(overview), '', ...eventLines(overview.events)].join('\n') };
}

function overviewOf(context: CommandContext): EventsOverview {
  const overview = listEvents(requiredRoot(context));
  for (const warning of overview.warnings) context.progress.warn(warning);
  if (overview.dropped > 0) {
    const amount = formatCount(overview.dropped, 'event');
    context.progress.warn(`${amount} dropped: the outbox was full, or they were too old`);
  }
  return overview;
}

function webhookLines({ webhooks, environment, host }: EventsOverview): readonly string[] {
  if (webhooks.length === 0) return ['no webhooks: config/webhooks.json configures none'];
  const columns = [{ title: 'WEBHOOK' }, { title: 'TEMPLATE' }, { title: 'AT' }, { title: 'TOLD OF' }];
  const rows = webhooks.map(({ name, template, origin, on }) => [name, template, origin, on.join(', ')]);
  return [`events of ${host ?? ''} in ${environment ?? ''}`, '', ...renderTable(columns, rows)];
}

function eventLines(events: readonly ListedEvent[]): readonly string[] {
  if (events.length === 0) return ['nothing waits to be delivered'];
  const columns = [
    { title: 'STATE' },
    { title: 'WEBHOOK' },
    { title: 'EVENT' },
    { title: 'HAPPENED' },
    { title: 'TRIES', align: 'right' as const },
    { title: 'NEXT' },
    { title: 'PROBLEM' },
  ];
  return renderTable(columns, events.map(rowOf));
}

function rowOf(event: ListedEvent): readonly string[] {
  const next = event.state === 'failed' ? 'with --retry' : (event.nextAttemptAt ?? 'at once');
  const what = `${event.release} ${event.kind}`;
  return [event.state, event.webhook, what, event.at, String(event.attempts), next, event.problem ?? ''];
}

/** What a flush would send, as far as it is known before: answers are not. */
function preview(context: CommandContext): CommandResult {
  const { events } = overviewOf(context);
  const now = new Date().toISOString();
  const retry = context.input.flags.has('retry');
  const due = events.filter(
    ({ state, nextAttemptAt }) => retry || (state === 'pending' && (nextAttemptAt ?? '') <= now),
  );
  const summary = `would send ${formatCount(due.length, 'event')}; nothing was sent`;
  return { json: { dryRun: true, events: due }, text: eventLines(due).join('\n'), summary };
}

async function flush(context: CommandContext): Promise<CommandResult> {
  const { signal, progress, input } = context;
  const retry = input.flags.has('retry');
  const report = await flushEvents(requiredRoot(context), { deadlineMs: FLUSH_MS, retry, signal });
  for (const warning of report.warnings) progress.warn(warning);
  const { delivered, pending, failed, problems } = report;
  if (problems.length > 0) throw notDelivered(report);
  return { json: { delivered, pending, failed }, text: countsOf(report) };
}

function countsOf({ delivered, pending, failed }: DeliveryReport): string {
  return `${formatCount(delivered, 'event')} delivered, ${pending} waiting, ${failed} refused`;
}

function notDelivered(report: DeliveryReport): SalverError {
  const { delivered, pending, failed, problems } = report;
  const rest = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new SalverError('E_EVENT_NOT_DELIVERED', `${countsOf(report)}: ${problems[0] ?? ''}${rest}`, {
    hint: 'see `salver-host events`; what waits is sent again later, what was refused with --retry',
    facts: { delivered, pending, failed, problems },
  });
}

async function test(context: CommandContext, webhook: string): Promise<CommandResult> {
  const root = requiredRoot(context);
  const by = userName();
  const { warnings, ...result } = await testWebhook({ root, webhook, by, signal: context.signal });
  for (const warning of warnings) context.progress.warn(warning);
  const { template, origin, status, answer, durationMs } = result;
  const text = `${webhook} (${template}) at ${origin} answered ${status} in ${formatDuration(durationMs)}`;
  return { json: result, text: answer === '' ? text : `${text}\n${answer}` };
}

/** A user without an entry in passwd has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
