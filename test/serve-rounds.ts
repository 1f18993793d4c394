// Switches between two versions of one app under load, and what must hold afterwards.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { describeCounts, startLoad, totalOf } from './load-client.js';
import type { LoadCounts } from './load-client.js';
import { makeTempDir } from './product-harness.js';
import { installApp } from './serve-apps.js';
import type { ServedApp } from './serve-apps.js';
import { Supervised, activate, processesOf, rollBack, until } from './supervised.js';

export interface Rounds {
  /** The app, or how a version of it is installed without being activated; that gives the release's name. */
  readonly app: ServedApp | ((root: string, version: string) => Promise<string>);
  readonly switches: number;
  readonly keepAlive: number;
  readonly oneShot: number;
  /** How many requests each switch may cut off: some servers close connections that they have just accepted. */
  readonly cutsMax?: number;
  /** At least so many requests, whatever the number of switches; each is followed by some. */
  readonly requestsMin?: number;
  /** More words for `salver-host serve`. */
  readonly options?: readonly string[];
}

/** Runs the rounds, prints the counts, and asserts that nothing failed and nothing was mixed. */
export async function exchangeUnderLoad(t: TestContext, rounds: Rounds): Promise<LoadCounts> {
  const { counts, durations } = await runRounds(t, rounds);
  t.diagnostic(
    `${rounds.switches} switches, ready after ${durations.join(', ')} ms; ${describeCounts(counts)}`,
  );
  const cutsMax = (rounds.cutsMax ?? 0) * rounds.switches;
  assert.ok(totalOf(counts, 'failed') <= cutsMax, describeCounts(counts));
  assert.equal(totalOf(counts, 'mixed'), 0, describeCounts(counts));
  for (const each of [counts.keepAlive, counts.oneShot]) {
    if (each.ok > 0) assert.deepEqual([...each.byVersion.keys()].sort(), ['1.0.0', '2.0.0']);
  }
  assert.ok(totalOf(counts, 'ok') >= (rounds.requestsMin ?? 0), describeCounts(counts));
  return counts;
}

/** Runs the rounds and returns what was counted, good or bad. */
export async function runRounds(
  t: TestContext,
  { app, switches, keepAlive, oneShot, requestsMin = 0, options = [] }: Rounds,
): Promise<{ readonly counts: LoadCounts; readonly durations: readonly number[] }> {
  const directory = makeTempDir();
  const root = join(directory.path, 'root');
  const install =
    typeof app === 'function' ? app : (at: string, version: string) => installApp(at, version, app);
  const first = await install(root, '1.0.0');
  const second = await install(root, '2.0.0');
  await activate(root, first);
  const supervised = await Supervised.start(root, '--settle', '0s', ...options);
  t.after(async () => {
    await supervised.clear();
    directory.remove();
  });
  await supervised.untilServing(first);
  const load = startLoad({ port: supervised.port, keepAlive, oneShot });
  const durations: number[] = [];
  for (let index = 1; index <= switches; index += 1) {
    const wanted = (requestsMin / switches) * index;
    const began = performance.now();
    await (index % 2 === 1 ? activate(root, second) : rollBack(root));
    durations.push(Math.round(performance.now() - began));
    assert.equal((await supervised.status()).release, index % 2 === 1 ? second : first);
    const seen = totalOf(load.counts, 'ok') + 50;
    await until('requests have followed', () => totalOf(load.counts, 'ok') >= Math.max(seen, wanted));
  }
  const counts = await load.stop();
  const end = await supervised.stop();
  assert.equal(end.status, 0);
  assert.deepEqual(processesOf(root), [], 'processes were left behind');
  return { counts, durations };
}
