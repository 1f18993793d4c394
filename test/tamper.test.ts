// Every way of attacking updates that the authors of TUF have listed (notes on reliability, section 1), by somebody who can
// write to the store as he likes, against a root that has trusted signers: each is refused with its own code, nothing has
// changed, and going back to the release before works all the same.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseChannel, sha256Hex, shortId } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { artifactOf, payload2 } from './attack-stage.js';
import type { Stage } from './attack-stage.js';
import { ATTACKS } from './attacks.js';
import { missingProgram } from './missing-program.js';
import { runJson, runProgram } from './product-harness.js';
import type { InstallReport, ProgramResult } from './product-harness.js';
import { assertRefused } from './refusal.js';
import { copyStore, makeSignedStore, sealChannel, trustKeys } from './signed-store.js';
import type { SignedStore } from './signed-store.js';

let signed: SignedStore;
let scratch: string;
let count = 0;

const noKeygen = missingProgram('ssh-keygen');
const SKIP = { skip: noKeygen ?? false };

before(async () => {
  if (noKeygen !== undefined) return;
  scratch = mkdtempSync(join(tmpdir(), 'salver-tamper-'));
  signed = await makeSignedStore(scratch);
  await makeBase();
});
after(() => {
  if (noKeygen === undefined) rmSync(scratch, { recursive: true, force: true });
});

/** The root that all attacks start from. */
let base: string;

async function makeBase(): Promise<void> {
  base = join(scratch, 'base');
  const store = copyStore(signed, join(scratch, 'base-store'));
  const { bytes } = await makeArtifact({ 'server.js': '0' }, { name: 'shop', version: '0.9.0' });
  const zero = join(scratch, 'zero.tar.gz');
  writeFileSync(zero, bytes);
  await runJson('salver-host', ['install', zero, '--root', base]);
  trustKeys(signed, base);
  writeFileSync(join(store, 'shop/channels/production.json'), signed.channel1);
  const args = ['install', 'shop@production', '--store', store, '--root', base];
  assert.equal((await runJson<InstallReport>('salver-host', args)).id, signed.v1.id);
}

function stage(): Stage {
  count += 1;
  const root = join(scratch, `root-${count}`);
  const store = copyStore(signed, join(scratch, `store-${count}`));
  const put = (key: string, bytes: Buffer | string): void => writeFileSync(join(store, key), bytes);
  const channel = (bytes: Buffer): void => put('shop/channels/production.json', bytes);
  cpSync(base, root, { recursive: true, verbatimSymlinks: true });
  const install = (...args: readonly string[]): Promise<ProgramResult> =>
    runProgram('salver-host', ['install', ...args, '--root', root, '--json']);
  channel(signed.channel2);
  return { signed, root, store, put, channel, install };
}

for (const { name, code, act } of ATTACKS) {
  test(`${name}: ${code}`, SKIP, async () => {
    const staged = stage();
    const { root, store, install } = staged;
    const words = (await act(staged)) ?? ['shop@production', '--store', store];
    const current = readlinkSync(join(root, 'current'));
    assertRefused(await install(...words), code);
    assert.equal(readlinkSync(join(root, 'current')), current);
    const back = await runProgram('salver-host', ['rollback', '--root', root]);
    assert.equal(back.status, 0, back.stderr);
  });
}

test('a malicious mirror is passed over, and what is right comes from the next', SKIP, async () => {
  const { root, store, put, install } = stage();
  put(artifactOf(signed), Buffer.alloc(readFileSync(signed.v2.artifact).length));
  const { status, stdout } = await install('shop@production', '--store', store, '--store', signed.store);
  assert.equal(status, 0);
  const report = JSON.parse(stdout) as InstallReport & { readonly warnings: readonly string[] };
  assert.equal(report.id, signed.v2.id);
  assert.match(report.warnings.join(), /E_ARTIFACT_DAMAGED.*trying the next store/);
  assert.ok(readlinkSync(join(root, 'current')).includes(shortId(signed.v2.id)));
});

test('a floor that a stolen key has raised falls with the key', SKIP, async () => {
  const { root, store, channel, install } = stage();
  channel(await sealChannel({ ...payload2(signed), seq: Number.MAX_SAFE_INTEGER }, [signed.key('alice')]));
  assert.equal((await install('shop@production', '--store', store)).status, 0);
  const next = await sealChannel({ ...parseChannel(signed.channel1).payload, seq: 1 }, [signed.key('bob')]);
  channel(next);
  assertRefused(await install('shop@production', '--store', store), 'E_CHANNEL_REPLAYED');
  copyFileSync(`${signed.key('alice')}.pub`, join(root, 'config/trust/revoked_keys'));
  // The release itself is signed by the stolen key: somebody else signs it.
  await runJson('salver', ['sign', 'shop@1.0.0', '--store', store, '--key', signed.key('bob')]);
  assert.equal((await install('shop@production', '--store', store)).status, 0);
});

test('two signers are enough where two are asked for', SKIP, async () => {
  const { root, store, channel, install } = stage();
  writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":2}');
  await runJson('salver', ['sign', 'shop@2.0.0', '--store', store, '--key', signed.key('bob')]);
  channel(await sealChannel({ ...payload2(signed), seq: 3 }, [signed.key('alice'), signed.key('bob')]));
  assert.equal((await install('shop@production', '--store', store)).status, 0);
});

test(
  'a clock that is ten years off installs nothing that was replayed, and keeps no rollback back',
  SKIP,
  async (t) => {
    const missing = missingProgram('faketime');
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    const { runCommand, workspaceDirectory } = await import('./product-harness.js');
    const program = join(workspaceDirectory, 'node_modules/.bin/salver-host');
    for (const years of [-10, 10]) {
      const { root, store, channel, install } = stage();
      const time = `${years > 0 ? '+' : ''}${years}y`;
      const expires = new Date(Date.now() + 86_400_000).toISOString();
      const issuedAt = new Date().toISOString();
      channel(await sealChannel({ ...payload2(signed), seq: 3, issuedAt, expires }, [signed.key('alice')]));
      assert.equal((await install('shop@production', '--store', store)).status, 0);
      // Forward, the channel has expired; back, it is good, and what is older is not.
      const there = ['-f', time, program, 'install', 'shop@production', '--store', store, '--root', root];
      if (years > 0) await assert.rejects(runCommand('faketime', there), /E_CHANNEL_EXPIRED/);
      else await runCommand('faketime', there);
      channel(signed.channel2);
      await assert.rejects(runCommand('faketime', there), /E_CHANNEL_(EXPIRED|REPLAYED)/);
      const past = {
        ...payload2(signed),
        seq: 4,
        issuedAt: '2019-01-01T00:00:00.000Z',
        expires: '2019-02-01T00:00:00.000Z',
      };
      channel(await sealChannel(past, [signed.key('alice')]));
      await assert.rejects(runCommand('faketime', there), /E_CHANNEL_EXPIRED/);
      await runCommand('faketime', ['-f', time, program, 'rollback', '--root', root]);
    }
  },
);

test('a dry run refuses what an installation would', SKIP, async () => {
  const { install, store } = stage();
  assertRefused(await install(signed.v2.artifact, '--dry-run'), 'E_SIGNATURE_MISSING');
  rmSync(join(store, `shop/${signed.v2.id}.sig`));
  assertRefused(await install('shop@production', '--store', store, '--dry-run'), 'E_SIGNATURE_MISSING');
});

test('doctor says what keeps a root from trusting anything', SKIP, async () => {
  const { root } = stage();
  const trustOf = async (): Promise<readonly string[]> => {
    const { stdout } = await runProgram('salver-host', ['doctor', '--root', root, '--json']);
    const { findings } = JSON.parse(stdout) as {
      findings: readonly { check: string; state: string; detail: string }[];
    };
    return findings
      .filter(({ check }) => check === 'trust')
      .map(({ state, detail }) => `${state} ${detail}`.trim());
  };
  assert.deepEqual(await trustOf(), ['ok']);
  writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":9}');
  assert.match((await trustOf()).join(), /^problem 3 signers are allowed, and 9 are asked for/);
  writeFileSync(join(root, 'config/trust/trust.json'), '{"treshold":2}');
  assert.match((await trustOf()).join(), /^problem .*treshold is a key this version does not know/);
  rmSync(join(root, 'config/trust/allowed_signers'));
  assert.match((await trustOf()).join(), /^problem .*has no allowed_signers/);
});

test('the digest of a manifest is its name everywhere', SKIP, () => {
  const manifest = readFileSync(join(signed.store, `shop/${signed.v1.id}.manifest.json`));
  assert.equal(sha256Hex(manifest), signed.v1.id);
});
