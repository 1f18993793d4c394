// The races of store-races.test.ts on real S3 servers and on sshfs. `npm run test:deep -- store-races`
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { radosgwMissing, startRadosgw } from './servers/radosgw.js';
import { mountSshfs, sshfsMissing } from './servers/sshfs.js';
import { startVersitygw, versitygwMissing } from './servers/versitygw.js';
import { makeRacedArtifacts, promoteAtOnce, pushAtOnce, releasesIn } from './store-races.js';
import type { RacedStore } from './store-races.js';

const ROUNDS = 5;

let scratch: string;
const artifacts: string[] = [];
const ids: string[] = [];

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-races-'));
  for (const { path, id } of await makeRacedArtifacts(scratch, 3_000_000)) {
    artifacts.push(path);
    ids.push(id);
  }
});
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Server extends RacedStore {
  stop(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly missing: (scratch: string) => string | undefined;
  readonly start: (scratch: string) => Promise<Server>;
}

const KINDS: readonly Kind[] = [
  {
    name: 'sshfs',
    missing: sshfsMissing,
    start: async (directory) => {
      const mount = await mountSshfs(directory);
      return { address: mount.directory, env: {}, stop: () => mount.stop() };
    },
  },
  {
    name: 'versitygw',
    missing: versitygwMissing,
    start: async (directory) => {
      const server = await startVersitygw(directory);
      return { address: server.url('races'), env: server.env, stop: () => server.stop() };
    },
  },
  {
    name: 'radosgw',
    missing: radosgwMissing,
    start: async (directory) => {
      const server = await startRadosgw(directory);
      return { address: server.url('races'), env: server.env, stop: () => server.stop() };
    },
  },
];

for (const { name, missing, start } of KINDS) {
  test(`${name}: sixteen that push and sixteen that promote at once, ${ROUNDS} times`, async (t) => {
    const reason = missing(scratch);
    if (reason !== undefined) {
      t.skip(reason);
      return;
    }
    const directory = join(scratch, name);
    mkdirSync(directory);
    const store = await start(directory);
    Object.assign(process.env, store.env);
    try {
      await pushAtOnce(store, artifacts.slice(0, 1));
      assert.deepEqual(await releasesIn(store, 'shop'), ids.slice(0, 1));
      await pushAtOnce(store, artifacts);
      assert.deepEqual(await releasesIn(store, 'shop'), [...ids].sort());
      let moves = 0;
      let all = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const { won, seq, reads } = await promoteAtOnce(store, ids);
        moves += won;
        all += reads;
        assert.equal(seq, moves);
      }
      t.diagnostic(
        `${moves} of ${ROUNDS * 16} moved the channel, the others were told; ${all} reads, none torn`,
      );
    } finally {
      await store.stop();
    }
  });
}
