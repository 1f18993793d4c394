// Many that push and promote at once, for any store: one wins, the others are told, and whoever reads meanwhile never
// sees anything half done.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { channelKey, parseChannel } from '@salver/core';
import { listApp, openStore } from '@salver/stores';
import { makeArtifact, noise } from '@salver/testing';
import { runProgram } from './product-harness.js';
import type { ProgramResult } from './product-harness.js';
import { printedError } from './refusal.js';

export interface RacedStore {
  /** As `--store` takes it. */
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
}

const WRITERS = 16;
/** Together more often than once in a millisecond, where the machine can. */
const READERS = 4;
const READ_EVERY_MS = 2;

/** All push these artifacts, in turn. Returns how many were told that they changed something. */
export async function pushAtOnce(store: RacedStore, artifacts: readonly string[]): Promise<number> {
  const results = await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => {
      const artifact = artifacts[index % artifacts.length] ?? '';
      return runProgram('salver', ['push', artifact, '--store', store.address, '--json'], { env: store.env });
    }),
  );
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  return results.filter(({ stdout }) => (JSON.parse(stdout) as { changed: boolean }).changed).length;
}

/** What is in the store now: ids of the releases, and whether the index has the same. */
export async function releasesIn(store: RacedStore, name: string): Promise<readonly string[]> {
  const opened = await openStore(store.address, { workingDir: '/', env: store.env });
  try {
    const { releases, unfinished } = await listApp(opened, name);
    assert.deepEqual(unfinished, []);
    const index = await opened.readSmall(`${name}/index.json`, { bytesMax: 1_000_000 });
    assert.ok(typeof index === 'object');
    const indexed = (JSON.parse(index.bytes.toString()) as { releases: readonly { id: string }[] }).releases;
    const ids = releases.map(({ id }) => id).sort();
    assert.deepEqual(indexed.map(({ id }) => id).sort(), ids);
    return ids;
  } finally {
    opened.close();
  }
}

export interface PromoteRace {
  readonly won: number;
  readonly told: number;
  /** How far the number of the channel went. */
  readonly seq: number;
  /** How often the pointer was read meanwhile, each time whole. */
  readonly reads: number;
}

/** All promote to one channel, each another release than its neighbour, while a reader looks on. */
export async function promoteAtOnce(store: RacedStore, ids: readonly string[]): Promise<PromoteRace> {
  const stop = new AbortController();
  const reading = Promise.all(Array.from({ length: READERS }, () => readAllTheTime(store, stop.signal)));
  const results = await Promise.all(
    Array.from({ length: WRITERS }, (_, index) => promote(store, ids[index % ids.length] ?? '')),
  );
  stop.abort();
  const seen = await reading;
  const lost = results.filter(({ status }) => status !== 0);
  for (const result of lost) assert.equal(printedError(result).code, 'E_CHANNEL_MOVED', result.stderr);
  return {
    won: results.length - lost.length,
    told: lost.length,
    seq: Math.max(...seen.map(({ seq }) => seq)),
    reads: seen.reduce((sum, { reads }) => sum + reads, 0),
  };
}

function promote({ address, env }: RacedStore, id: string): Promise<ProgramResult> {
  const args = ['promote', `shop@${id.slice(0, 12)}`, 'production', '--renew', '--store', address, '--json'];
  return runProgram('salver', args, { env });
}

/** Throws when the pointer is ever not whole, or its number goes down. */
async function readAllTheTime(
  { address, env }: RacedStore,
  signal: AbortSignal,
): Promise<{ readonly reads: number; readonly seq: number }> {
  const store = await openStore(address, { workingDir: '/', env });
  let reads = 0;
  let seq = 0;
  let nextAt = performance.now();
  try {
    for (let isLast = false; !isLast;) {
      isLast = signal.aborted;
      const found = await store.readSmall(channelKey('shop', 'production'), { bytesMax: 1_000_000 });
      if (typeof found === 'object') {
        const { payload } = parseChannel(found.bytes);
        assert.ok(payload.seq >= seq, `number ${payload.seq} after ${seq}`);
        seq = payload.seq;
      }
      reads += 1;
      nextAt += READ_EVERY_MS;
      while (performance.now() < nextAt && !signal.aborted) await nextTurn();
    }
  } finally {
    store.close();
  }
  return { reads, seq };
}

export interface RacedArtifact {
  readonly path: string;
  readonly id: string;
}

/** Four releases of `shop`, each with so many bytes that do not compress. */
export async function makeRacedArtifacts(
  directory: string,
  dataBytes: number,
): Promise<readonly RacedArtifact[]> {
  const made: RacedArtifact[] = [];
  for (let version = 1; version <= 4; version += 1) {
    const files = { 'server.js': `${version}`, 'data.bin': noise(dataBytes, version) };
    const { bytes, id } = await makeArtifact(files, { name: 'shop', version: `${version}.0.0` });
    const path = join(directory, `${version}.tar.gz`);
    writeFileSync(path, bytes);
    made.push({ path, id });
  }
  return made;
}
