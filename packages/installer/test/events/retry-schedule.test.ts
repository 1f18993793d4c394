import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  RETRY_AFTER_MAX_MS,
  backoffMs,
  isWorthRetrying,
  parseRetryAfter,
} from '../../dist/events/retry-schedule.js';

test('waits twice as long after each attempt, up to an hour, at random between half of it and all', () => {
  const least = (): number => 0;
  const most = (): number => 1;
  assert.deepEqual(
    [1, 2, 3, 4].map((attempts) => [backoffMs(attempts, 0, least), backoffMs(attempts, 0, most)]),
    [
      [250, 500],
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
    ],
  );
  assert.equal(backoffMs(1_000_000, 0, most), 3_600_000);
});

test('never asks sooner than the receiver wants, and never waits longer than six hours', () => {
  assert.equal(backoffMs(1, 60_000), 60_000);
  assert.equal(backoffMs(1, Number.MAX_SAFE_INTEGER), RETRY_AFTER_MAX_MS);
});

test('reads Retry-After as seconds or as a date', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const cases: readonly (readonly [string | undefined, number | undefined])[] = [
    ['120', 120_000],
    [' 0 ', 0],
    ['Wed, 25 Nov 2026 10:00:30 GMT', 30_000],
    ['Wed, 25 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ];
  for (const [header, expected] of cases) assert.equal(parseRetryAfter(header, now), expected, header);
});

test('tries again what may pass: overload and errors of the server, not refusals', () => {
  const retried = [200, 301, 400, 401, 403, 404, 408, 410, 422, 425, 429, 500, 502, 503].filter(
    isWorthRetrying,
  );
  assert.deepEqual(retried, [408, 425, 429, 500, 502, 503]);
});
