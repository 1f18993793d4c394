// Fetching members: which requests are made, and what a part that was downloaded before is worth.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SILENT_PROGRESS, readHead, storedMembers } from '@salver/core';
import type { ArtifactSource, StoredMember } from '@salver/core';
import { makeArtifact, noise, startHttpDouble } from '@salver/testing';
import type { HttpDouble, HttpFault, HttpRequestSeen, TestLike } from '@salver/testing';
import { openHttpStore, openReleaseArtifact } from '@salver/stores';
import { planRuns } from '../dist/member-runs.js';

const KIB = 1024;
const POLICY = { retriesMax: 2, firstMs: 1, longestMs: 2 };

const at = (...offsets: readonly number[]): readonly StoredMember[] =>
  offsets.map((offset) => ({ offset, storedBytes: 10 * KIB, crc32: 0 }));

test('neighbours and small gaps are one request, large gaps are not', () => {
  const plan = (members: readonly StoredMember[]): readonly (readonly [number, number])[] =>
    planRuns(members, { sizeBytes: 10_000 * KIB, inOnePiece: false }).map(({ offset, length }) => [
      offset / KIB,
      length / KIB,
    ]);
  assert.deepEqual(plan([]), []);
  assert.deepEqual(plan(at(0, 10 * KIB, 20 * KIB)), [[0, 30]]);
  assert.deepEqual(plan(at(0, 70 * KIB)), [[0, 80]]);
  assert.deepEqual(plan(at(0, 100 * KIB)), [
    [0, 10],
    [100, 10],
  ]);
});

test('most of a file, or very many pieces of it, are fetched as a whole', () => {
  const options = { sizeBytes: 10_000 * KIB, inOnePiece: false };
  const scattered = at(...Array.from({ length: 65 }, (_, index) => index * 100 * KIB));
  assert.equal(planRuns(scattered, options).length, 1);
  assert.equal(planRuns(scattered.slice(0, 64), options).length, 64);
  const most = at(0, 3_000 * KIB).map((member) => ({ ...member, storedBytes: 2_900 * KIB }));
  assert.equal(planRuns(most, { ...options, sizeBytes: 6_000 * KIB }).length, 1);
  assert.equal(planRuns(at(0, 5_000 * KIB), { ...options, inOnePiece: true }).length, 1);
});

interface Stage {
  readonly double: HttpDouble;
  readonly downloads: string;
  readonly members: readonly StoredMember[];
  readonly open: () => Promise<ArtifactSource>;
}

async function stage(t: TestLike, fault?: (request: HttpRequestSeen) => HttpFault): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'salver-remote-'));
  mkdirSync(join(directory, 'shop'));
  const files = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`p${index}/a`, noise(200 * KIB, index)]),
  );
  const { bytes } = await makeArtifact(files, {
    unitPaths: Object.keys(files).map((path) => path.slice(0, -2)),
  });
  writeFileSync(join(directory, 'shop/a.tar.gz'), bytes);
  const double = await startHttpDouble({ directory, ...(fault === undefined ? {} : { fault }) });
  const store = openHttpStore(new URL(double.url));
  t.after(async () => {
    store.close();
    await double.close();
    rmSync(directory, { recursive: true });
  });
  const downloads = join(directory, 'downloads');
  const open = (): Promise<ArtifactSource> =>
    openReleaseArtifact({ store, key: 'shop/a.tar.gz', downloads, policy: POLICY });
  const source = await open();
  const members = storedMembers(readHead(source));
  source.close();
  double.requests.length = 0;
  return { double, downloads, members, open };
}

const bring = (source: ArtifactSource, members: readonly StoredMember[]): Promise<unknown> | undefined =>
  source.bring?.(members, { progress: SILENT_PROGRESS });

test('what was downloaded is not downloaded again by the next run', async (t) => {
  const { double, members, open } = await stage(t);
  const first = await open();
  await bring(first, members.slice(5, 8));
  first.close();
  double.requests.length = 0;
  const second = await open();
  await bring(second, members.slice(5, 10));
  const ranges = double.requests.map(({ range }) => range?.first);
  assert.deepEqual(ranges, [0, members[8]?.offset]);
  for (const { offset, storedBytes } of members.slice(5, 10))
    assert.equal(second.readSync(offset, storedBytes).length, storedBytes);
  second.close();
});

test('a part that was spoilt on the disk is fetched again', async (t) => {
  const { double, downloads, members, open } = await stage(t);
  const first = await open();
  await bring(first, members.slice(5, 8));
  first.close();
  const part = join(downloads, 'a.tar.gz.part');
  const bytes = readFileSync(part);
  const spoilt = (members[6]?.offset ?? 0) + 100;
  bytes[spoilt] = (bytes[spoilt] ?? 0) ^ 1;
  writeFileSync(part, bytes);
  double.requests.length = 0;
  const second = await open();
  await bring(second, members.slice(5, 8));
  assert.deepEqual(
    double.requests.map(({ range }) => range?.first),
    [0, members[6]?.offset],
  );
  second.close();
});

test('bytes that were not brought are not given', async (t) => {
  const { members, open } = await stage(t);
  const source = await open();
  const { offset = 0, storedBytes = 0 } = members[15] ?? {};
  assert.throws(() => source.readSync(offset, storedBytes), { name: 'NotBroughtError' });
  source.close();
});

test('an answer without end is cut at what was announced', async (t) => {
  let isCalm = true;
  const { members, open } = await stage(t, () => (isCalm ? undefined : { kind: 'endless' }));
  const source = await open();
  isCalm = false;
  await assert.rejects(bring(source, members) ?? Promise.resolve(), { code: 'E_STORE_MISCONFIGURED' });
  source.close();
});

test('an interrupted download ends at once', async (t) => {
  let isCalm = true;
  const { members, open } = await stage(t, () => (isCalm ? undefined : { kind: 'stall', afterBytes: 1000 }));
  const source = await open();
  isCalm = false;
  const stop = new AbortController();
  const bringing = source.bring?.(members, { progress: SILENT_PROGRESS, signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(bringing ?? Promise.resolve(), { code: 'E_INTERRUPTED' });
  source.close();
});
