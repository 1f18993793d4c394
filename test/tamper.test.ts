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
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseChannel, sha256Hex, shortId } from '@salver/core';
import type { ChannelPayload, ErrorCode } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { sshSignatureMaker } from '@salver/trust';
import { missingProgram } from './python-packages.js';
import { runJson, runProgram } from './product-harness.js';
import type { InstallReport, ProgramResult } from './product-harness.js';
import { assertRefused } from './refusal.js';
import { copyStore, makeSignedStore, sealChannel, signerLine, trustKeys } from './signed-store.js';
import type { SignedStore } from './signed-store.js';

let signed: SignedStore;
let scratch: string;
let count = 0;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'salver-tamper-'));
  signed = await makeSignedStore(scratch);
  await makeBase();
});
after(() => rmSync(scratch, { recursive: true, force: true }));

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

/** A root that runs version 1 and could go back to version 0, and a store of its own. */
interface Stage {
  readonly root: string;
  readonly store: string;
  readonly put: (key: string, bytes: Buffer | string) => void;
  readonly channel: (bytes: Buffer) => void;
  readonly install: (...args: readonly string[]) => Promise<ProgramResult>;
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
  return { root, store, put, channel, install };
}

interface Attack {
  readonly name: string;
  readonly code: ErrorCode;
  /** Changes the store; may name what is installed instead of shop@production. */
  readonly act: (stage: Stage) => Promise<readonly string[] | undefined> | readonly string[] | undefined;
}

function payload2(): ChannelPayload {
  return parseChannel(signed.channel2).payload;
}

const KEY = (): string => `shop/${signed.v2.file}`;
const SIG = (id: string): string => `shop/${id}.sig`;

/** The second version with the signed manifest and other bytes in a member, checksums made right again. */
async function forgedMembers(): Promise<Buffer> {
  const files = { 'server.js': `console.log('shop 2.0.0');\n`, 'data.txt': 'y'.repeat(20_000) };
  const forged = await makeArtifact(files, { name: 'shop', version: '2.0.0' });
  const good = readFileSync(signed.v2.artifact);
  const forgedHead = forged.bytes.readUInt32LE(18);
  const goodHead = good.readUInt32LE(18);
  const { assembleArtifact } = await import('@salver/testing');
  const { parseHead } = await import('@salver/core');
  const { manifest } = parseHead(good.subarray(0, goodHead));
  const { layout } = parseHead(forged.bytes.subarray(0, forgedHead));
  let offset = forgedHead;
  const members = layout.members.map(([length]) => forged.bytes.subarray(offset, (offset += length)));
  return assembleArtifact(manifest, members).bytes;
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'arbitrary installation: a channel that nobody has signed',
    code: 'E_SIGNATURE_MISSING',
    act: async ({ channel }) => void channel(await sealChannel({ ...payload2(), seq: 3 }, [])),
  },
  {
    name: 'arbitrary installation: a channel signed by a stranger',
    code: 'E_SIGNER_UNKNOWN',
    act: async ({ channel }) =>
      void channel(await sealChannel({ ...payload2(), seq: 3 }, [signed.key('mallory')])),
  },
  {
    name: 'arbitrary installation: a channel that was changed after it was signed',
    code: 'E_SIGNATURE_INVALID',
    act: ({ channel }) => void channel(Buffer.from(signed.channel2.toString().replace('2.0.0', '2.0.1'))),
  },
  {
    name: 'arbitrary installation: a signature over the channel that was made for releases',
    code: 'E_SIGNATURE_INVALID',
    act: async ({ channel }) =>
      void channel(await sealChannel({ ...payload2(), seq: 3 }, [signed.key('alice')], 'salver-release')),
  },
  {
    name: 'arbitrary installation: a release that nobody has signed',
    code: 'E_SIGNATURE_MISSING',
    act: ({ store }) => void rmSync(join(store, SIG(signed.v2.id))),
  },
  {
    name: 'arbitrary installation: a release signed by a stranger',
    code: 'E_SIGNER_UNKNOWN',
    act: async ({ put }) => {
      const head = readFileSync(join(signed.store, `shop/${signed.v2.id}.manifest.json`));
      put(
        SIG(signed.v2.id),
        await sshSignatureMaker({ key: signed.key('mallory') }).sign(head, 'salver-release'),
      );
      return undefined;
    },
  },
  {
    name: 'arbitrary installation: the signature of another release',
    code: 'E_SIGNATURE_INVALID',
    act: ({ store }) => void copyFileSync(join(store, SIG(signed.v1.id)), join(store, SIG(signed.v2.id))),
  },
  {
    name: 'arbitrary installation: an unsigned artifact by its path',
    code: 'E_SIGNATURE_MISSING',
    act: () => [signed.v2.artifact],
  },
  {
    name: 'replay: the channel of last week',
    code: 'E_CHANNEL_REPLAYED',
    act: async ({ install, store, channel }) => {
      assert.equal((await install('shop@production', '--store', store)).status, 0);
      channel(signed.channel1);
      return undefined;
    },
  },
  {
    name: 'replay: two documents with one number',
    code: 'E_CHANNEL_REPLAYED',
    act: async ({ channel }) => {
      const other = { ...payload2(), seq: 1 };
      channel(await sealChannel(other, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'freeze: a channel that has expired',
    code: 'E_CHANNEL_EXPIRED',
    act: async ({ channel }) => {
      const expired = {
        ...payload2(),
        seq: 3,
        issuedAt: '2020-01-01T00:00:00.000Z',
        expires: '2020-02-01T00:00:00.000Z',
      };
      channel(await sealChannel(expired, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'freeze: a channel without an expiry, where the root asks for one',
    code: 'E_CHANNEL_EXPIRED',
    act: ({ root }) => void writeFileSync(join(root, 'config/trust/trust.json'), '{"requireExpiry":true}'),
  },
  {
    name: 'endless data: an artifact that is longer than announced',
    code: 'E_RELEASE_MISMATCH',
    act: ({ put }) =>
      void put(KEY(), Buffer.concat([readFileSync(signed.v2.artifact), Buffer.alloc(5_000_000)])),
  },
  {
    name: 'endless data: a channel document of megabytes',
    code: 'E_LIMIT_EXCEEDED',
    act: ({ channel }) => void channel(Buffer.alloc(5_000_000, ' ')),
  },
  {
    name: 'mix and match: another release under the name of this one',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ put, channel }) => {
      const bytes = readFileSync(signed.v1.artifact);
      put(KEY(), bytes);
      const release = { ...signed.v2, sizeBytes: bytes.length };
      const { id, file, version, sizeBytes } = release;
      const target = Object.keys(payload2().releases)[0] ?? '';
      const payload = { ...payload2(), seq: 3, releases: { [target]: { id, file, version, sizeBytes } } };
      channel(await sealChannel(payload, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'mix and match: members of another build under a signed manifest',
    code: 'E_DIGEST_MISMATCH',
    act: async ({ put, channel }) => {
      const bytes = await forgedMembers();
      put(KEY(), bytes);
      const target = Object.keys(payload2().releases)[0] ?? '';
      const { id, file, version } = signed.v2;
      const releases = { [target]: { id, file, version, sizeBytes: bytes.length } };
      channel(await sealChannel({ ...payload2(), seq: 3, releases }, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'mix and match: the channel of another app',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ channel }) =>
      void channel(await sealChannel({ ...payload2(), name: 'blog', seq: 9 }, [signed.key('alice')])),
  },
  {
    name: 'mix and match: the document of another channel',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ channel }) =>
      void channel(await sealChannel({ ...payload2(), channel: 'staging', seq: 9 }, [signed.key('alice')])),
  },
  {
    name: 'wrong software: an artifact of another app',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ put, store, channel }) => {
      const bytes = readFileSync(signed.blog.artifact);
      put(`shop/${signed.blog.file}`, bytes);
      copyFileSync(join(store, `blog/${signed.blog.id}.sig`), join(store, SIG(signed.blog.id)));
      const target = Object.keys(payload2().releases)[0] ?? '';
      const { id, file, version } = signed.blog;
      const releases = { [target]: { id, file, version, sizeBytes: bytes.length } };
      channel(await sealChannel({ ...payload2(), seq: 3, releases }, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'wrong software: nothing for this machine',
    code: 'E_RELEASE_NOT_FOUND',
    act: async ({ channel }) => {
      const [release] = Object.values(payload2().releases);
      if (release === undefined) return undefined;
      channel(
        await sealChannel({ ...payload2(), seq: 3, releases: { 'linux-arm64-musl': release } }, [
          signed.key('alice'),
        ]),
      );
      return undefined;
    },
  },
  {
    name: 'key compromise: a key that was revoked',
    code: 'E_SIGNER_REVOKED',
    act: ({ root }) =>
      void copyFileSync(`${signed.key('alice')}.pub`, join(root, 'config/trust/revoked_keys')),
  },
  {
    name: 'key compromise: one of the two that are asked for',
    code: 'E_SIGNATURES_TOO_FEW',
    act: ({ root }) => void writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":2}'),
  },
  {
    name: 'key compromise: two keys of one person',
    code: 'E_SIGNATURES_TOO_FEW',
    act: async ({ root, channel }) => {
      writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":2}');
      const keys = [signed.key('alice'), signed.key('alice-laptop')];
      channel(await sealChannel({ ...payload2(), seq: 3 }, keys));
      return undefined;
    },
  },
  {
    name: 'key compromise: a key that is for releases only',
    code: 'E_SIGNATURE_INVALID',
    act: ({ root }) =>
      void trustKeys(signed, root, [
        signerLine(signed, 'alice', 'alice@example.com', 'namespaces="salver-release"'),
      ]),
  },
  {
    name: 'key compromise: a key whose time is over',
    code: 'E_SIGNER_UNKNOWN',
    act: ({ root }) =>
      void trustKeys(signed, root, [
        signerLine(signed, 'alice', 'alice@example.com', 'valid-before="20200101"'),
      ]),
  },
  {
    name: 'a revoked release: the channel says so',
    code: 'E_RELEASE_REVOKED',
    act: async ({ install, store, channel }) => {
      // The list is kept; what the channel says later does not take it back.
      channel(
        await sealChannel(
          {
            ...payload2(),
            releases: parseChannel(signed.channel1).payload.releases,
            seq: 3,
            revoked: [signed.v2.id],
          },
          [signed.key('alice')],
        ),
      );
      assert.equal((await install('shop@production', '--store', store)).status, 0);
      return ['shop@2.0.0', '--store', store];
    },
  },
  {
    name: 'a revoked release: a document in the store says so',
    code: 'E_RELEASE_REVOKED',
    act: async ({ store }) => {
      const args = ['--store', store, '--key', signed.key('alice')];
      await runJson('salver', ['promote', 'shop@1.0.0', 'production', ...args]);
      await runJson('salver', ['revoke', 'shop@2.0.0', '--reason', 'sends mails twice', ...args]);
      return ['shop@2.0.0', '--store', store];
    },
  },
  {
    name: 'a broken member',
    code: 'E_ARTIFACT_DAMAGED',
    act: ({ put }) => {
      const bytes = readFileSync(signed.v2.artifact);
      bytes[bytes.length - 60] = (bytes[bytes.length - 60] ?? 0) ^ 1;
      put(KEY(), bytes);
      return undefined;
    },
  },
  {
    name: 'an artifact that was packed anew',
    code: 'E_RELEASE_MISMATCH',
    act: ({ put }) => void put(KEY(), gzipSync(gunzipSync(readFileSync(signed.v2.artifact)))),
  },
  {
    name: 'a root that lost its list of signers',
    code: 'E_CONFIG_INVALID',
    act: ({ root }) => void rmSync(join(root, 'config/trust/allowed_signers')),
  },
];

for (const { name, code, act } of ATTACKS) {
  test(`${name}: ${code}`, async () => {
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

test('a malicious mirror is passed over, and what is right comes from the next', async () => {
  const { root, store, put, install } = stage();
  put(KEY(), Buffer.alloc(readFileSync(signed.v2.artifact).length));
  const { status, stdout } = await install('shop@production', '--store', store, '--store', signed.store);
  assert.equal(status, 0);
  const report = JSON.parse(stdout) as InstallReport & { readonly warnings: readonly string[] };
  assert.equal(report.id, signed.v2.id);
  assert.match(report.warnings.join(), /E_ARTIFACT_DAMAGED.*trying the next store/);
  assert.ok(readlinkSync(join(root, 'current')).includes(shortId(signed.v2.id)));
});

test('a floor that a stolen key has raised falls with the key', async () => {
  const { root, store, channel, install } = stage();
  channel(await sealChannel({ ...payload2(), seq: Number.MAX_SAFE_INTEGER }, [signed.key('alice')]));
  assert.equal((await install('shop@production', '--store', store)).status, 0);
  const next = await sealChannel({ ...parseChannel(signed.channel1).payload, seq: 1 }, [signed.key('bob')]);
  channel(next);
  assertRefused(await install('shop@production', '--store', store), 'E_CHANNEL_REPLAYED');
  copyFileSync(`${signed.key('alice')}.pub`, join(root, 'config/trust/revoked_keys'));
  // The release itself is signed by the stolen key: somebody else signs it.
  await runJson('salver', ['sign', 'shop@1.0.0', '--store', store, '--key', signed.key('bob')]);
  assert.equal((await install('shop@production', '--store', store)).status, 0);
});

test('two signers are enough where two are asked for', async () => {
  const { root, store, channel, install } = stage();
  writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":2}');
  await runJson('salver', ['sign', 'shop@2.0.0', '--store', store, '--key', signed.key('bob')]);
  channel(await sealChannel({ ...payload2(), seq: 3 }, [signed.key('alice'), signed.key('bob')]));
  assert.equal((await install('shop@production', '--store', store)).status, 0);
});

test('a clock that is ten years off installs nothing that was replayed, and keeps no rollback back', async (t) => {
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
    channel(await sealChannel({ ...payload2(), seq: 3, issuedAt, expires }, [signed.key('alice')]));
    assert.equal((await install('shop@production', '--store', store)).status, 0);
    // Forward, the channel has expired; back, it is good, and what is older is not.
    const there = ['-f', time, program, 'install', 'shop@production', '--store', store, '--root', root];
    if (years > 0) await assert.rejects(runCommand('faketime', there), /E_CHANNEL_EXPIRED/);
    else await runCommand('faketime', there);
    channel(signed.channel2);
    await assert.rejects(runCommand('faketime', there), /E_CHANNEL_(EXPIRED|REPLAYED)/);
    const past = {
      ...payload2(),
      seq: 4,
      issuedAt: '2019-01-01T00:00:00.000Z',
      expires: '2019-02-01T00:00:00.000Z',
    };
    channel(await sealChannel(past, [signed.key('alice')]));
    await assert.rejects(runCommand('faketime', there), /E_CHANNEL_EXPIRED/);
    await runCommand('faketime', ['-f', time, program, 'rollback', '--root', root]);
  }
});

test('the digest of a manifest is its name everywhere', () => {
  const manifest = readFileSync(join(signed.store, `shop/${signed.v1.id}.manifest.json`));
  assert.equal(sha256Hex(manifest), signed.v1.id);
});
