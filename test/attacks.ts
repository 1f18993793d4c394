// The attacks of tamper.test.ts, by somebody who can write to the store as he likes.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseChannel } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import { sshSignatureMaker } from '@salver/trust';
import { runJson } from './product-harness.js';
import { artifactOf, forgedMembers, payload2 } from './attack-stage.js';
import type { Stage } from './attack-stage.js';
import { sealChannel, signerLine, trustKeys } from './signed-store.js';

export interface Attack {
  readonly name: string;
  readonly code: ErrorCode;
  /** Changes the store; may name what is installed instead of shop@production. */
  readonly act: (stage: Stage) => Promise<readonly string[] | undefined> | readonly string[] | undefined;
}

const SIG = (id: string): string => `shop/${id}.sig`;

export const ATTACKS: readonly Attack[] = [
  {
    name: 'arbitrary installation: a channel that nobody has signed',
    code: 'E_SIGNATURE_MISSING',
    act: async ({ channel, signed }) => void channel(await sealChannel({ ...payload2(signed), seq: 3 }, [])),
  },
  {
    name: 'arbitrary installation: a channel signed by a stranger',
    code: 'E_SIGNER_UNKNOWN',
    act: async ({ channel, signed }) =>
      void channel(await sealChannel({ ...payload2(signed), seq: 3 }, [signed.key('mallory')])),
  },
  {
    name: 'arbitrary installation: a channel that was changed after it was signed',
    code: 'E_SIGNATURE_INVALID',
    act: ({ channel, signed }) =>
      void channel(Buffer.from(signed.channel2.toString().replace('2.0.0', '2.0.1'))),
  },
  {
    name: 'arbitrary installation: a signature over the channel that was made for releases',
    code: 'E_SIGNATURE_INVALID',
    act: async ({ channel, signed }) =>
      void channel(
        await sealChannel({ ...payload2(signed), seq: 3 }, [signed.key('alice')], 'salver-release'),
      ),
  },
  {
    name: 'arbitrary installation: a release that nobody has signed',
    code: 'E_SIGNATURE_MISSING',
    act: ({ store, signed }) => void rmSync(join(store, SIG(signed.v2.id))),
  },
  {
    name: 'arbitrary installation: a release signed by a stranger',
    code: 'E_SIGNER_UNKNOWN',
    act: async ({ put, signed }) => {
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
    act: ({ store, signed }) =>
      void copyFileSync(join(store, SIG(signed.v1.id)), join(store, SIG(signed.v2.id))),
  },
  {
    name: 'arbitrary installation: an unsigned artifact by its path',
    code: 'E_SIGNATURE_MISSING',
    act: ({ signed }) => [signed.v2.artifact],
  },
  {
    name: 'replay: the channel of last week',
    code: 'E_CHANNEL_REPLAYED',
    act: async ({ install, store, channel, signed }) => {
      assert.equal((await install('shop@production', '--store', store)).status, 0);
      channel(signed.channel1);
      return undefined;
    },
  },
  {
    name: 'replay: two documents with one number',
    code: 'E_CHANNEL_REPLAYED',
    act: async ({ channel, signed }) => {
      const other = { ...payload2(signed), seq: 1 };
      channel(await sealChannel(other, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'freeze: a channel that has expired',
    code: 'E_CHANNEL_EXPIRED',
    act: async ({ channel, signed }) => {
      const expired = {
        ...payload2(signed),
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
    act: ({ put, signed }) =>
      void put(
        artifactOf(signed),
        Buffer.concat([readFileSync(signed.v2.artifact), Buffer.alloc(5_000_000)]),
      ),
  },
  {
    name: 'endless data: a channel document of megabytes',
    code: 'E_LIMIT_EXCEEDED',
    act: ({ channel }) => void channel(Buffer.alloc(5_000_000, ' ')),
  },
  {
    name: 'mix and match: another release under the name of this one',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ put, channel, signed }) => {
      const bytes = readFileSync(signed.v1.artifact);
      put(artifactOf(signed), bytes);
      const release = { ...signed.v2, sizeBytes: bytes.length };
      const { id, file, version, sizeBytes } = release;
      const target = Object.keys(payload2(signed).releases)[0] ?? '';
      const payload = {
        ...payload2(signed),
        seq: 3,
        releases: { [target]: { id, file, version, sizeBytes } },
      };
      channel(await sealChannel(payload, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'mix and match: members of another build under a signed manifest',
    code: 'E_DIGEST_MISMATCH',
    act: async ({ put, channel, signed }) => {
      const bytes = await forgedMembers(signed);
      put(artifactOf(signed), bytes);
      const target = Object.keys(payload2(signed).releases)[0] ?? '';
      const { id, file, version } = signed.v2;
      const releases = { [target]: { id, file, version, sizeBytes: bytes.length } };
      channel(await sealChannel({ ...payload2(signed), seq: 3, releases }, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'mix and match: the channel of another app',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ channel, signed }) =>
      void channel(await sealChannel({ ...payload2(signed), name: 'blog', seq: 9 }, [signed.key('alice')])),
  },
  {
    name: 'mix and match: the document of another channel',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ channel, signed }) =>
      void channel(
        await sealChannel({ ...payload2(signed), channel: 'staging', seq: 9 }, [signed.key('alice')]),
      ),
  },
  {
    name: 'wrong software: an artifact of another app',
    code: 'E_RELEASE_MISMATCH',
    act: async ({ put, store, channel, signed }) => {
      const bytes = readFileSync(signed.blog.artifact);
      put(`shop/${signed.blog.file}`, bytes);
      copyFileSync(join(store, `blog/${signed.blog.id}.sig`), join(store, SIG(signed.blog.id)));
      const target = Object.keys(payload2(signed).releases)[0] ?? '';
      const { id, file, version } = signed.blog;
      const releases = { [target]: { id, file, version, sizeBytes: bytes.length } };
      channel(await sealChannel({ ...payload2(signed), seq: 3, releases }, [signed.key('alice')]));
      return undefined;
    },
  },
  {
    name: 'wrong software: nothing for this machine',
    code: 'E_RELEASE_NOT_FOUND',
    act: async ({ channel, signed }) => {
      const [release] = Object.values(payload2(signed).releases);
      if (release === undefined) return undefined;
      channel(
        await sealChannel({ ...payload2(signed), seq: 3, releases: { 'linux-arm64-musl': release } }, [
          signed.key('alice'),
        ]),
      );
      return undefined;
    },
  },
  {
    name: 'key compromise: a key that was revoked',
    code: 'E_SIGNER_REVOKED',
    act: ({ root, signed }) =>
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
    act: async ({ root, channel, signed }) => {
      writeFileSync(join(root, 'config/trust/trust.json'), '{"threshold":2}');
      const keys = [signed.key('alice'), signed.key('alice-laptop')];
      channel(await sealChannel({ ...payload2(signed), seq: 3 }, keys));
      return undefined;
    },
  },
  {
    name: 'key compromise: a key that is for releases only',
    code: 'E_SIGNATURE_INVALID',
    act: ({ root, signed }) =>
      void trustKeys(signed, root, [
        signerLine(signed, 'alice', 'alice@example.com', 'namespaces="salver-release"'),
      ]),
  },
  {
    name: 'key compromise: a key whose time is over',
    code: 'E_SIGNER_UNKNOWN',
    act: ({ root, signed }) =>
      void trustKeys(signed, root, [
        signerLine(signed, 'alice', 'alice@example.com', 'valid-before="20200101"'),
      ]),
  },
  {
    name: 'a revoked release: the channel says so',
    code: 'E_RELEASE_REVOKED',
    act: async ({ install, store, channel, signed }) => {
      // The list is kept; what the channel says later does not take it back.
      channel(
        await sealChannel(
          {
            ...payload2(signed),
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
    act: async ({ store, signed }) => {
      const args = ['--store', store, '--key', signed.key('alice')];
      await runJson('salver', ['promote', 'shop@1.0.0', 'production', ...args]);
      await runJson('salver', ['revoke', 'shop@2.0.0', '--reason', 'sends mails twice', ...args]);
      return ['shop@2.0.0', '--store', store];
    },
  },
  {
    name: 'a broken member',
    code: 'E_ARTIFACT_DAMAGED',
    act: ({ put, signed }) => {
      const bytes = readFileSync(signed.v2.artifact);
      bytes[bytes.length - 60] = (bytes[bytes.length - 60] ?? 0) ^ 1;
      put(artifactOf(signed), bytes);
      return undefined;
    },
  },
  {
    name: 'an artifact that was packed anew',
    code: 'E_RELEASE_MISMATCH',
    act: ({ put, signed }) =>
      void put(artifactOf(signed), gzipSync(gunzipSync(readFileSync(signed.v2.artifact)))),
  },
  {
    name: 'a root that lost its list of signers',
    code: 'E_CONFIG_INVALID',
    act: ({ root }) => void rmSync(join(root, 'config/trust/allowed_signers')),
  },
];
