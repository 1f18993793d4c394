// One attempt to deliver one event: the template's requests that are not done yet, in order.
import type { HostEvent } from './host-event.js';
import type { Webhook } from './load-webhooks.js';
import type { Delivery } from './outbox-files.js';
import { postJson } from './post-json.js';
import type { PostOutcome } from './post-json.js';
import { isWorthRetrying, parseRetryAfter } from './retry-schedule.js';
import type { DeliveryRequest } from './templates/event-template.js';

export interface AttemptOptions {
  readonly totalMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each request but the last, to note what need not be repeated. */
  readonly onStep?: (progress: DeliveryProgress) => void;
}

export type DeliveryProgress = Pick<Delivery, 'stepsDone' | 'kept'>;

/** What the receiver said last, for `--test`; secrets hidden. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export type AttemptResult = { readonly answer?: Answer } & (
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly problem: string; readonly retryAfterMs: number }
  | { readonly kind: 'refused'; readonly problem: string }
);

/** Never throws because of the receiver. `onStep` may throw, which ends the attempt. */
export async function attemptDelivery(
  webhook: Webhook,
  event: HostEvent,
  progress: DeliveryProgress,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const ends = Date.now() + options.totalMs;
  let { stepsDone, kept } = progress;
  let answer: Answer | undefined;
  while (stepsDone < webhook.steps.length) {
    const step = webhook.steps[stepsDone];
    const request = step?.request({ event, kept, now: Date.now() });
    if (request === undefined) break;
    if ('problem' in request) return { kind: 'refused', problem: request.problem };
    const outcome = await send(request, { ...options, totalMs: ends - Date.now() });
    if (outcome.kind === 'answer')
      answer = { status: outcome.status, body: webhook.hideSecrets(outcome.body) };
    const failure = failureOf(outcome);
    if (failure !== undefined) return { ...failure, ...(answer === undefined ? {} : { answer }) };
    const isLast = stepsDone === webhook.steps.length - 1;
    const next = outcome.kind === 'answer' ? step?.keep?.(outcome.body) : undefined;
    if (!isLast && step?.keep !== undefined && next === undefined) {
      return {
        kind: 'refused',
        problem: 'the answer is not what this service answers',
        ...(answer && { answer }),
      };
    }
    stepsDone += 1;
    kept = next ?? null;
    if (!isLast) options.onStep?.({ stepsDone, kept });
  }
  return { kind: 'delivered', ...(answer === undefined ? {} : { answer }) };
}

function send(request: DeliveryRequest, limits: AttemptOptions): Promise<PostOutcome> {
  const body = JSON.stringify(request.body);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = { ...request.headers, ...request.sign?.(body, timestamp) };
  return postJson({ url: request.url, headers, body }, limits);
}

type Failure = Exclude<AttemptResult, { readonly kind: 'delivered' }>;

function failureOf(outcome: PostOutcome): Failure | undefined {
  if (outcome.kind === 'no-answer') return { kind: 'retry', problem: outcome.problem, retryAfterMs: 0 };
  if (outcome.kind === 'led-elsewhere') return { kind: 'refused', problem: outcome.problem };
  const { status, retryAfter } = outcome;
  if (status >= 200 && status < 300) return undefined;
  const problem = `answered ${status}`;
  if (!isWorthRetrying(status)) return { kind: 'refused', problem };
  return { kind: 'retry', problem, retryAfterMs: parseRetryAfter(retryAfter, Date.now()) ?? 0 };
}
