// Numbers in and out of words: format-amounts.ts and parse-amounts.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatByteChange, formatBytes, formatCount, formatDuration } from '../dist/format-amounts.js';
import { parseDuration, parseSize } from '../dist/parse-amounts.js';

test('bytes are shown with three digits at most', () => {
  const cases: readonly [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1500, '1.5 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [62_800_000, '62.8 MB'],
    [5_000_000_000, '5.0 GB'],
    [-1500, '-1.5 kB'],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
  assert.equal(formatByteChange(1500), '+1.5 kB');
  assert.equal(formatByteChange(-1500), '-1.5 kB');
});

test('durations are shown in the unit that fits', () => {
  const cases: readonly [number, string][] = [
    [0.4, '0 ms'],
    [35, '35 ms'],
    [999.6, '1.0 s'],
    [1234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 00 s'],
    [185_000, '3 min 05 s'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

test('counts have separators and the right form', () => {
  assert.equal(formatCount(1, 'file'), '1 file');
  assert.equal(formatCount(0, 'file'), '0 files');
  assert.equal(formatCount(1234567, 'entry', 'entries'), '1,234,567 entries');
});

test('durations and sizes are read back', () => {
  assert.equal(parseDuration('30s', 'wait'), 30_000);
  assert.equal(parseDuration('5m', 'wait'), 300_000);
  assert.equal(parseDuration('30d', 'unused'), 30 * 86_400_000);
  assert.equal(parseSize('500MB', 'max-size'), 500_000_000);
  assert.equal(parseSize('1.5gb', 'max-size'), 1_500_000_000);
  assert.equal(parseSize('10B', 'max-size'), 10);
});

test('other amounts are refused with E_USAGE, naming the option', () => {
  for (const text of ['', '30', 's', '-1s', '1w', '1e3s', '0x10s']) {
    assert.throws(() => parseDuration(text, 'wait'), { code: 'E_USAGE', message: /--wait/ }, text);
  }
  for (const text of ['', '5', 'GB', '-1GB', '5GiB', '1e3GB', '5PB']) {
    assert.throws(() => parseSize(text, 'max-size'), { code: 'E_USAGE', message: /--max-size/ }, text);
  }
});
