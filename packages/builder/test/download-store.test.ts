import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { openBuildCache } from '@salver/builder';
import { noise } from '@salver/testing';
import { recordingProgress } from './recording-progress.js';
import { listFiles, tempDir } from './temp-tree.js';

const BYTES = noise(300_000);

function sri(algorithm: string, bytes = BYTES): string {
  return `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += 65_000) yield bytes.subarray(at, at + 65_000);
}

function open(directory: string) {
  const progress = recordingProgress();
  return { progress, cache: openBuildCache({ directory, progress, env: process.env }) };
}

test('a download is found by sha512 and by every algorithm it was expected by', async (t) => {
  const directory = tempDir(t);
  const expected = `${sri('sha1')} ${sri('sha256')} ${sri('sha384')}`;
  const stored = await open(directory).cache.storeDownload(chunks(BYTES), { expected, description: 'a' });
  assert.equal(stored.integrity, sri('sha512'));
  const { cache } = open(directory);
  for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512']) {
    const found = cache.findDownload(sri(algorithm));
    assert.ok(found, algorithm);
    assert.ok(readFileSync(found.path).equals(BYTES));
    assert.equal(found.sizeBytes, BYTES.length);
  }
  assert.equal(cache.findDownload(sri('sha1', Buffer.from('x'))), undefined);
  assert.equal(cache.findDownload('nonsense'), undefined);
});

for (const [name, expected] of [
  ['sha512', sri('sha512', Buffer.from('other'))],
  ['sha1', sri('sha1', Buffer.from('other'))],
  ['the strongest of several', `${sri('sha1')} ${sri('sha512', Buffer.from('other'))}`],
  ['an algorithm nobody knows', 'md7-AAAA'],
] as const) {
  test(`a download that does not fit ${name} is refused and not kept`, async (t) => {
    const directory = tempDir(t);
    const { cache } = open(directory);
    await assert.rejects(
      cache.storeDownload(chunks(BYTES), { expected, description: 'plain@1.0.0' }),
      (error) => isSalverError(error, 'E_INTEGRITY_MISMATCH') && error.message.includes('plain@1.0.0'),
    );
    assert.deepEqual(listFiles(directory), []);
  });
}

test('a stream that fails leaves nothing and keeps its own error', async (t) => {
  const directory = tempDir(t);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* chunks(BYTES);
    throw new RangeError('connection lost');
  }
  await assert.rejects(open(directory).cache.storeDownload(broken(), { description: 'x' }), RangeError);
  assert.deepEqual(listFiles(directory), []);
});

for (const [name, harm] of [
  [
    'flipped bit',
    (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] as number) ^ 1]), bytes.subarray(1)]),
  ],
  ['cut end', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['empty file', () => Buffer.alloc(0)],
] as const) {
  test(`a download damaged by a ${name} is removed, reported and can be stored again`, async (t) => {
    const directory = tempDir(t);
    const stored = await open(directory).cache.storeDownload(chunks(BYTES), { description: 'a' });
    writeFileSync(stored.path, harm(BYTES));
    const { cache, progress } = open(directory);
    assert.equal(cache.findDownload(stored.integrity), undefined);
    assert.match(progress.warnings.join(), /\[E_CACHE_DAMAGED\]/);
    await cache.storeDownload(chunks(BYTES), { expected: stored.integrity, description: 'a' });
    assert.ok(cache.findDownload(stored.integrity));
  });
}

test('a damaged alias never leads to a wrong download', async (t) => {
  const directory = tempDir(t);
  const { cache } = open(directory);
  await cache.storeDownload(chunks(BYTES), { expected: sri('sha1'), description: 'a' });
  const other = Buffer.from('other bytes');
  await cache.storeDownload(chunks(other), { expected: sri('sha1', other), description: 'b' });
  const [first = '', second = ''] = listFiles(join(directory, 'aliases')).map((path) =>
    join(directory, 'aliases', path),
  );
  const text = readFileSync(first);
  writeFileSync(first, readFileSync(second));
  writeFileSync(second, text.subarray(1));
  assert.equal(cache.findDownload(sri('sha1')), undefined);
  assert.equal(cache.findDownload(sri('sha1', other)), undefined);
});

test('notes come back as they were; a damaged one counts as absent', (t) => {
  const directory = tempDir(t);
  const { cache, progress } = open(directory);
  assert.equal(cache.findNote('git:x'), undefined);
  cache.storeNote('git:x', { integrity: 'sha512-…', list: [1, null] });
  assert.deepEqual(cache.findNote('git:x'), { integrity: 'sha512-…', list: [1, null] });
  cache.storeNote('git:x', 'new');
  assert.equal(cache.findNote('git:x'), 'new');
  const path = join(directory, 'notes', listFiles(join(directory, 'notes'))[0] ?? '');
  for (const harm of [
    readFileSync(path).subarray(0, 80),
    Buffer.alloc(0),
    Buffer.from('{"key":"git:x","value":1}'),
  ]) {
    writeFileSync(path, harm);
    assert.equal(cache.findNote('git:x'), undefined);
    cache.storeNote('git:x', 'new');
  }
  assert.equal(progress.warnings.length, 3);
});
