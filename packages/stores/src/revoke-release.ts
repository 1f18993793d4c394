// Takes a release back: no host installs it any more. A document of its own says so, and every channel repeats it.
import {
  SalverError,
  canonicalJson,
  parseChannel,
  revocationKey,
  serializeSigned,
  shortId,
} from '@salver/core';
import type { ReadOptions, SignatureMaker, Store } from '@salver/core';
import { bytesContent } from './file-content.js';
import { listApp, readChannelObject } from './find-releases.js';
import { revokeInChannel } from './move-channel.js';

export interface RevokeOptions extends ReadOptions {
  readonly store: Store;
  readonly name: string;
  readonly id: string;
  readonly reason: string;
  readonly signers: readonly SignatureMaker[];
  readonly now: Date;
}

export interface Revoked {
  readonly changed: boolean;
  /** Channels that repeat it. */
  readonly channels: readonly string[];
}

/** Throws E_RELEASE_IN_CHANNEL while a channel points to the release, and what store and signers throw. */
export async function revokeRelease(options: RevokeOptions): Promise<Revoked> {
  const { store, name, id, signal } = options;
  const { channels } = await listApp(store, name, { signal });
  for (const channel of channels) await refuseIfNamed(options, channel);
  const payload = { format: 1, name, id, reason: options.reason, issuedAt: options.now.toISOString() };
  const bytes = canonicalJson(payload);
  const signatures: string[] = [];
  for (const signer of options.signers) signatures.push(await signer.sign(bytes, 'salver-revocation'));
  const document = bytesContent(serializeSigned(bytes, signatures), { contentType: 'application/json' });
  const changed = await store.create(revocationKey(name, id), document, { signal });
  for (const channel of channels) await revokeInChannel({ ...options, channel, ids: [id] });
  return { changed, channels };
}

async function refuseIfNamed({ store, name, id, signal }: RevokeOptions, channel: string): Promise<void> {
  const found = await readChannelObject(store, name, channel, { signal });
  if (typeof found !== 'object') return;
  const { releases } = parseChannel(found.bytes).payload;
  if (!Object.values(releases).some((release) => release.id === id)) return;
  throw new SalverError('E_RELEASE_IN_CHANNEL', `${name}@${channel} points to ${shortId(id)}`, {
    hint: `promote another release first: salver promote ${name}@VERSION ${channel}`,
    facts: { channel },
  });
}
