import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SignatureNamespace, VerifiedSignatures } from '@salver/core';
import { keyFingerprint, sshSignatureMaker, sshSignatureVerifier } from '@salver/trust';

const missing =
  spawnSync('ssh-keygen', ['-V']).error === undefined ? undefined : 'ssh-keygen is not installed';
const CONTENT = Buffer.from('{"format":1}');

describe('ssh signatures', { skip: missing ?? false }, () => {
  let directory: string;
  let allowedSigners: string;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'salver-trust-'));
    allowedSigners = join(directory, 'allowed_signers');
    for (const [name, type] of [
      ['alice', 'ed25519'],
      ['bob', 'ecdsa'],
      ['mallory', 'rsa'],
    ] as const) {
      const args = ['-q', '-t', type, '-N', '', '-C', name, '-f', join(directory, name)];
      assert.equal(spawnSync('ssh-keygen', args).status, 0);
    }
    allow(line('alice'), line('bob', 'namespaces="salver-release"'));
  });
  after(() => rmSync(directory, { recursive: true }));

  function line(name: string, options = ''): string {
    return `${name}@example.com ${options} ${readFileSync(join(directory, `${name}.pub`), 'utf8').trim()}`;
  }

  function allow(...lines: readonly string[]): void {
    writeFileSync(allowedSigners, `${lines.join('\n')}\n`);
  }

  function sign(
    name: string,
    namespace: SignatureNamespace = 'salver-release',
    content = CONTENT,
  ): Promise<string> {
    return sshSignatureMaker({ key: join(directory, name) }).sign(content, namespace);
  }

  function verify(
    signatures: readonly string[],
    more: { readonly at?: Date; readonly revokedKeys?: string; readonly content?: Buffer } = {},
  ): Promise<VerifiedSignatures> {
    const request = {
      content: CONTENT,
      namespace: 'salver-release',
      at: new Date(),
      allowedSigners,
      ...more,
    } as const;
    return sshSignatureVerifier().verify({ ...request, signatures });
  }

  function reasons({ rejected }: VerifiedSignatures): readonly string[] {
    return rejected.map(({ reason }) => reason);
  }

  test('says who has signed, with the fingerprint that ssh-keygen shows', async () => {
    const { signers, rejected } = await verify([await sign('alice'), await sign('bob')]);
    assert.deepEqual(
      [signers.map(({ principal }) => principal), rejected],
      [['alice@example.com', 'bob@example.com'], []],
    );
    const shown = spawnSync('ssh-keygen', ['-lf', join(directory, 'alice.pub')], { encoding: 'utf8' }).stdout;
    assert.ok(shown.includes(signers[0]?.fingerprint ?? 'none'));
  });

  test('tells strangers, other purposes, other content and broken signatures apart', async () => {
    assert.deepEqual(reasons(await verify([await sign('mallory')])), ['unknown signer']);
    assert.deepEqual(reasons(await verify([await sign('alice', 'salver-channel')])), ['wrong signature']);
    assert.deepEqual(reasons(await verify([await sign('alice')], { content: Buffer.from('x') })), [
      'wrong signature',
    ]);
    const broken = (await sign('alice')).replace(/[A-Za-z](?=[A-Za-z0-9+/=]*\n-----END)/, 'A');
    assert.deepEqual(reasons(await verify([broken])), ['wrong signature']);
    allow(line('alice', 'namespaces="salver-channel"'));
    assert.deepEqual(reasons(await verify([await sign('alice')])), ['not for this']);
    allow(line('alice'), line('bob'));
  });

  test('keys are valid at the time that is asked for, in UTC', async () => {
    allow(line('alice', 'valid-after="20260101000000",valid-before="20270101000000"'));
    const signature = await sign('alice');
    const at = async (time: string): Promise<number> =>
      (await verify([signature], { at: new Date(time) })).signers.length;
    assert.equal(await at('2026-06-01T00:00:00Z'), 1);
    assert.equal(await at('2025-12-31T00:00:00Z'), 0);
    assert.equal(await at('2027-01-02T00:00:00Z'), 0);
    allow(line('alice'), line('bob'));
  });

  test('revoked keys are refused as such', async () => {
    const revokedKeys = join(directory, 'revoked');
    writeFileSync(revokedKeys, readFileSync(join(directory, 'alice.pub')));
    const signatures = [await sign('alice'), await sign('bob')];
    const verified = await verify(signatures, { revokedKeys });
    assert.deepEqual(reasons(verified), ['revoked key']);
    assert.deepEqual(
      verified.signers.map(({ principal }) => principal),
      ['bob@example.com'],
    );
  });

  test('a key with several names, and a name with a pattern', async () => {
    const key = readFileSync(join(directory, 'alice.pub'), 'utf8').trim();
    allow(`a@example.com,b@example.com ${key}`);
    assert.equal((await verify([await sign('alice')])).signers.length, 1);
    allow(`*@example.com ${key}`);
    assert.equal((await verify([await sign('alice')])).signers.length, 1);
    allow(line('alice'), line('bob'));
  });

  test('a list that cannot be read is an error of the configuration', async () => {
    const signature = await sign('alice');
    const request = {
      content: CONTENT,
      namespace: 'salver-release',
      at: new Date(),
      signatures: [signature],
    } as const;
    const gone = join(directory, 'none');
    await assert.rejects(sshSignatureVerifier().verify({ ...request, allowedSigners: gone }), {
      code: 'E_CONFIG_INVALID',
    });
  });

  test('a key that is not there, or an agent without it, cannot sign', async () => {
    await assert.rejects(sign('nobody'), { code: 'E_SIGNING_FAILED' });
    const alone = join(directory, 'alone.pub');
    appendFileSync(alone, readFileSync(join(directory, 'alice.pub')));
    await assert.rejects(sshSignatureMaker({ key: alone }).sign(CONTENT, 'salver-release'), {
      code: 'E_SIGNING_FAILED',
    });
  });

  test('an agent signs with a key of which only the public half is named', async (t) => {
    const agent = spawnSync('ssh-agent', ['-s'], { encoding: 'utf8' }).stdout ?? '';
    const [, socket = '', pid = ''] = /SSH_AUTH_SOCK=([^;]+);[^]*SSH_AGENT_PID=(\d+);/.exec(agent) ?? [];
    if (socket === '') {
      t.skip('ssh-agent cannot be started');
      return;
    }
    process.env['SSH_AUTH_SOCK'] = socket;
    try {
      assert.equal(spawnSync('ssh-add', ['-q', join(directory, 'alice')]).status, 0);
      const alone = join(directory, 'agent.pub');
      writeFileSync(alone, readFileSync(join(directory, 'alice.pub')));
      const signature = await sshSignatureMaker({ key: alone }).sign(CONTENT, 'salver-release');
      assert.equal((await verify([signature])).signers.length, 1);
    } finally {
      delete process.env['SSH_AUTH_SOCK'];
      process.kill(Number(pid));
    }
  });

  test('OpenSSH that is missing or too old is said to be', async () => {
    const path = process.env['PATH'];
    try {
      process.env['PATH'] = join(directory, 'empty');
      await assert.rejects(sign('alice'), { code: 'E_TOOL_MISSING' });
      const old = join(directory, 'ssh-keygen');
      writeFileSync(old, '#!/bin/sh\necho "unknown option -- Y" >&2\nexit 1\n');
      chmodSync(old, 0o755);
      process.env['PATH'] = `${directory}:${path ?? ''}`;
      await assert.rejects(sign('alice'), { code: 'E_TOOL_MISSING' });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

test('the fingerprint of what is no signature is undefined', () => {
  assert.equal(
    keyFingerprint('-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n'),
    undefined,
  );
});
