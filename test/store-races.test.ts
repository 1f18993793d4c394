// Races of pushers and promoters on a directory and on the S3 of the unit tests; `npm run test:deep -- store-races` runs
// them on real servers.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeArtifact, noise, startS3Double } from '@salver/testing';
import type { S3Double } from '@salver/testing';
import { promoteAtOnce, pushAtOnce, releasesIn } from './store-races.js';
import type { RacedStore } from './store-races.js';

let scratch: string;
let double: S3Double;
const artifacts: string[] = [];
const ids: string[] = [];

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-races-'));
  double = await startS3Double();
  Object.assign(process.env, double.env);
  for (let version = 1; version <= 4; version += 1) {
    const files = { 'server.js': `${version}`, 'data.bin': noise(300_000, version) };
    const { bytes, id } = await makeArtifact(files, { name: 'shop', version: `${version}.0.0` });
    const path = join(scratch, `${version}.tar.gz`);
    writeFileSync(path, bytes);
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
