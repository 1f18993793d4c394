// Races of pushers and promoters on a directory and on the S3 of the unit tests; `npm run test:deep -- store-races` runs
// them on real servers.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isSalverError, parseChannel } from '@salver/core';
import type { Store } from '@salver/core';
import { moveChannel, openFileStore } from '@salver/stores';
import { startS3Double } from '@salver/testing';
import type { S3Double } from '@salver/testing';
import { makeRacedArtifacts, promoteAtOnce, pushAtOnce, releasesIn } from './store-races.js';
import type { RacedStore } from './store-races.js';
import { startWatching } from './watching-process.js';

let scratch: string;
let double: S3Double;
const artifacts: string[] = [];
const ids: string[] = [];

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-races-'));
  double = await startS3Double();
  Object.assign(process.env, double.env);
  for (const { path, id } of await makeRacedArtifacts(scratch, 300_000)) {
    artifacts.push(path);
    ids.push(id);
  }
});
after(async () => {
  await double.close();
  rmSync(scratch, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, () => RacedStore>> = {
  directory: () => {
    const address = join(scratch, 'store');
    mkdirSync(address);
    return { address, env: {} };
  },
  s3: () => ({ address: double.url('races'), env: double.env }),
};

for (const [kind, open] of Object.entries(STORES)) {
  test(`${kind}: sixteen that push and sixteen that promote at once`, async (t) => {
    const store = open();
    assert.ok((await pushAtOnce(store, artifacts.slice(0, 1))) >= 1);
    assert.deepEqual(await releasesIn(store, 'shop'), ids.slice(0, 1));
    await pushAtOnce(store, artifacts);
    assert.deepEqual(await releasesIn(store, 'shop'), [...ids].sort());
    const { won, told, seq, reads } = await promoteAtOnce(store, ids);
    assert.ok(won >= 1);
    // Each that was told it had won has moved the channel, and nobody else has.
    assert.equal(seq, won);
    t.diagnostic(
      `${won} moved the channel one after the other, ${told} were told; ${reads} reads, none torn`,
    );
  });
}

const MOVES = 200;

test(`a pointer that sixteen move ${MOVES} times is whole for whoever reads it`, async (t) => {
  const directory = join(scratch, 'pointer');
  mkdirSync(directory);
  const clients = await Promise.all(Array.from({ length: 16 }, () => openFileStore(directory)));
  let wins = 0;
  const move = async (store: Store): Promise<void> => {
    const now = new Date();
    const release = { id: ids[wins % ids.length] ?? '', file: 'a.tar.gz', version: '1.0.0', sizeBytes: 1 };
    const releases = [{ ...release, target: 'linux-x64-glibc', isSigned: false }];
    const options = {
      store,
      name: 'shop',
      channel: 'production',
      releases,
      revoked: [],
      signers: [],
      renew: true,
      now,
    };
    try {
      await moveChannel(options);
      wins += 1;
    } catch (error) {
      if (!isSalverError(error, 'E_CHANNEL_MOVED')) throw error;
    }
  };
  await move(clients[0] as Store);
  const reader = await startWatching<{ looks: number; perSecond: number; seq: number; faults: string[] }>(
    join(import.meta.dirname, 'pointer-reader.js'),
    [join(directory, 'shop/channels/production.json')],
  );
  await Promise.all(
    clients.map(async (store) => {
      while (wins < MOVES) await move(store);
    }),
  );
  const { looks, perSecond, faults } = await reader.stop();
  assert.deepEqual(faults, []);
  const found = await clients[0]?.readSmall('shop/channels/production.json', { bytesMax: 100_000 });
  assert.ok(typeof found === 'object');
  assert.equal(parseChannel(found.bytes).payload.seq, wins);
  t.diagnostic(`${wins} moves, ${looks} looks, ${perSecond} in a second, none torn`);
});
