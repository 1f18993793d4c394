// When to try again.

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 3_600_000;
/** A receiver that asks for more is asked again after this all the same. */
export const RETRY_AFTER_MAX_MS = 6 * 3_600_000;

/** Whether a later attempt may have another outcome. */
export function isWorthRetrying(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/**
 * How long to wait after `attempts` failed ones: doubling from half a second to an hour, at random between half
 * of that and all of it, so that a fleet does not return all at once; never less than the receiver asked for.
 */
export function backoffMs(attempts: number, retryAfterMs = 0, random: () => number = Math.random): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempts - 1, 20));
  return Math.max(Math.round(full * (0.5 + random() / 2)), Math.min(retryAfterMs, RETRY_AFTER_MAX_MS));
}

/** The header Retry-After, seconds or a date, as milliseconds from now; undefined when absent or not understood. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
