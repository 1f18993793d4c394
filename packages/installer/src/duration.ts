// Durations as manifests write them: `500ms`, `30s`, `5m`, `1h`.

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Timers of Node hold no more than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The duration in milliseconds, `defaultMs` when there is none. The form was checked with the manifest. */
export function durationMs(text: string | undefined, defaultMs: number): number {
  const [, amount, unit] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text ?? '') ?? [];
  if (amount === undefined) return defaultMs;
  return Math.min(TIMER_MS_MAX, Number(amount) * (MILLISECONDS[unit ?? ''] ?? 1));
}
