// A store as a team with signing keys has it, and a root that trusts them: what attacks are tried on.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { canonicalJson, serializeSigned, shortId } from '@salver/core';
import type { ChannelPayload, SignatureNamespace } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { sshSignatureMaker } from '@salver/trust';
import { runCommand, runJson } from './product-harness.js';

export interface SignedRelease {
  readonly id: string;
  /** Path of the artifact, outside of the store. */
  readonly artifact: string;
  readonly file: string;
  readonly version: string;
}

/** Names of the keys; the first two are trusted. */
export type KeyName = 'alice' | 'bob' | 'alice-laptop' | 'mallory';

export interface SignedStore {
  readonly directory: string;
  readonly store: string;
  readonly v1: SignedRelease;
  readonly v2: SignedRelease;
  /** Of another app, signed by the same team. */
  readonly blog: SignedRelease;
  /** Documents of the channel with number 1 (version 1) and 2 (version 2). */
  readonly channel1: Buffer;
  readonly channel2: Buffer;
  readonly key: (name: KeyName) => string;
}

/** Makes keys, pushes the releases signed, moves the channel twice. */
export async function makeSignedStore(directory: string): Promise<SignedStore> {
  const store = join(directory, 'store');
  mkdirSync(store);
  const key = (name: KeyName): string => join(directory, 'keys', name);
  mkdirSync(join(directory, 'keys'));
  for (const name of ['alice', 'bob', 'alice-laptop', 'mallory'] as const) {
    await runCommand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key(name)]);
  }
  const make = (name: string, version: string): Promise<SignedRelease> =>
    makeRelease(directory, { name, version });
  const [v1, v2, blog] = [
    await make('shop', '1.0.0'),
    await make('shop', '2.0.0'),
    await make('blog', '2.0.0'),
  ];
  for (const { artifact } of [v1, v2, blog]) {
    await runJson('salver', ['push', artifact, '--store', store, '--key', key('alice')]);
  }
  const promote = async (version: string): Promise<Buffer> => {
    await runJson('salver', [
      'promote',
      `shop@${version}`,
      'production',
      '--store',
      store,
      '--key',
      key('alice'),
    ]);
    return readFileSync(join(store, 'shop/channels/production.json'));
  };
  const [channel1, channel2] = [await promote('1.0.0'), await promote('2.0.0')];
  return { directory, store, v1, v2, blog, channel1, channel2, key };
}

async function makeRelease(
  directory: string,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<SignedRelease> {
  const files = { 'server.js': `console.log('${name} ${version}');\n`, 'data.txt': 'x'.repeat(20_000) };
  const { bytes, id, manifest } = await makeArtifact(files, { name, version });
  const file = `${name}-${version}-${manifest.target}-${shortId(id)}.tar.gz`;
  const artifact = join(directory, file);
  writeFileSync(artifact, bytes);
  return { id, artifact, file: basename(artifact), version };
}

/** What a root trusts. Lines of allowed_signers; by default alice with two keys, and bob. */
export function trustKeys(signed: SignedStore, root: string, lines?: readonly string[]): void {
  const directory = join(root, 'config/trust');
  mkdirSync(directory, { recursive: true });
  const own = lines ?? [
    signerLine(signed, 'alice'),
    signerLine(signed, 'alice-laptop', 'alice@example.com'),
    signerLine(signed, 'bob'),
  ];
  writeFileSync(join(directory, 'allowed_signers'), `${own.join('\n')}\n`);
}

/** One line of allowed_signers. */
export function signerLine(
  signed: SignedStore,
  name: KeyName,
  principal = `${name}@example.com`,
  options = '',
): string {
  const publicKey = readFileSync(`${signed.key(name)}.pub`, 'utf8').trim();
  return `${principal} ${options}${options === '' ? '' : ' '}${publicKey}`;
}

/** A channel document, signed by anybody over anything. */
export async function sealChannel(
  payload: ChannelPayload,
  keys: readonly string[],
  namespace: SignatureNamespace = 'salver-channel',
): Promise<Buffer> {
  const bytes = canonicalJson(payload);
  const signatures: string[] = [];
  for (const key of keys) signatures.push(await sshSignatureMaker({ key }).sign(bytes, namespace));
  return serializeSigned(bytes, signatures);
}

/** A copy of the store that an attacker may write to. */
export function copyStore(signed: SignedStore, to: string): string {
  cpSync(signed.store, to, { recursive: true });
  return to;
}
