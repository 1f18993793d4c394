// Moves a channel: the one object in a store that is meant to change, by compare-and-swap. Of two that move it at once one
// wins, and the other is told where it points now.
import {
  CHANNEL_BYTES_MAX,
  SalverError,
  canonicalJson,
  channelKey,
  parseChannel,
  serializeSigned,
  shortId,
} from '@salver/core';
import type { ChannelPayload, PublishedRelease, ReadOptions, SignatureMaker, Store } from '@salver/core';
import { changeObject } from './change-object.js';
import { readChannelObject } from './find-releases.js';
import type { StoredRelease } from './find-releases.js';

export interface MoveOptions extends ReadOptions {
  readonly store: Store;
  readonly name: string;
  readonly channel: string;
  /** One for each target. */
  readonly releases: readonly StoredRelease[];
  /** Ids that are revoked. */
  readonly revoked: readonly string[];
  readonly signers: readonly SignatureMaker[];
  /** From now, in milliseconds. Undefined: it never expires. */
  readonly validForMs?: number | undefined;
  /** Write it again although it points there already: a later expiry, other signatures. */
  readonly renew?: boolean | undefined;
  readonly now: Date;
}

export interface Moved {
  readonly changed: boolean;
  readonly payload: ChannelPayload;
  /** Where it pointed before. */
  readonly before: ChannelPayload | undefined;
}

/** Throws E_CHANNEL_MOVED, E_CHANNEL_INVALID, and what store and signers throw. */
export async function moveChannel(options: MoveOptions): Promise<Moved> {
  const { store, name, channel, signal } = options;
  const found = await readChannelObject(store, name, channel, { signal });
  const object = typeof found === 'object' ? found : undefined;
  const before = object === undefined ? undefined : parseChannel(object.bytes).payload;
  const releases = byTarget(options.releases);
  if (before !== undefined && options.renew !== true && pointsTo(before, releases)) {
    return { changed: false, payload: before, before };
  }
  const payload = nextPayload(before, options, releases);
  const bytes = await sealed(payload, options.signers);
  const isMoved = await store.replace(channelKey(name, channel), bytes, { signal, expectedTag: object?.tag });
  if (isMoved) return { changed: true, payload, before };
  throw await movedMeanwhile(options);
}

function byTarget(releases: readonly StoredRelease[]): ChannelPayload['releases'] {
  return Object.fromEntries(
    releases.map(({ target, id, file, version, sizeBytes }): [string, PublishedRelease] => [
      target,
      { id, file, version, sizeBytes },
    ]),
  );
}

function pointsTo(payload: ChannelPayload, releases: ChannelPayload['releases']): boolean {
  const ids = (all: ChannelPayload['releases']): string =>
    JSON.stringify(
      Object.entries(all)
        .map(([target, { id }]) => [target, id])
        .sort(),
    );
  return ids(payload.releases) === ids(releases);
}

function nextPayload(
  before: ChannelPayload | undefined,
  { name, channel, now, validForMs, revoked }: MoveOptions,
  releases: ChannelPayload['releases'],
): ChannelPayload {
  return {
    format: 1,
    name,
    channel,
    seq: (before?.seq ?? 0) + 1,
    issuedAt: now.toISOString(),
    ...(validForMs === undefined ? {} : { expires: new Date(now.getTime() + validForMs).toISOString() }),
    releases,
    revoked: [...new Set([...(before?.revoked ?? []), ...revoked])].sort(),
  };
}

async function sealed(payload: ChannelPayload, signers: readonly SignatureMaker[]): Promise<Buffer> {
  const payloadBytes = canonicalJson(payload);
  const signatures: string[] = [];
  // One after the other: each may ask for a passphrase or a touch.
  for (const signer of signers) signatures.push(await signer.sign(payloadBytes, 'salver-channel'));
  return serializeSigned(payloadBytes, signatures);
}

async function movedMeanwhile({ store, name, channel, signal }: MoveOptions): Promise<SalverError> {
  const found = await readChannelObject(store, name, channel, { signal });
  const now = typeof found === 'object' ? parseChannel(found.bytes).payload : undefined;
  const where = Object.values(now?.releases ?? {}).map(({ version, id }) => `${version} (${shortId(id)})`);
  const text = where.length === 0 ? 'away' : `to ${[...new Set(where)].join(', ')}`;
  return new SalverError('E_CHANNEL_MOVED', `somebody else has just moved ${name}@${channel} ${text}`, {
    hint: 'agree on the release, and promote it again',
    facts: { seq: now?.seq ?? 0 },
  });
}

/** Adds ids to what a channel revokes, whatever else is done to it meanwhile. */
export async function revokeInChannel(
  options: ReadOptions & {
    readonly store: Store;
    readonly name: string;
    readonly channel: string;
    readonly ids: readonly string[];
    readonly signers: readonly SignatureMaker[];
    readonly now: Date;
  },
): Promise<void> {
  const { store, name, channel, ids, signers, now, signal } = options;
  await changeObject(store, channelKey(name, channel), { signal, bytesMax: CHANNEL_BYTES_MAX }, (bytes) => {
    if (bytes === undefined) return undefined;
    const { payload } = parseChannel(bytes);
    if (ids.every((id) => payload.revoked.includes(id))) return undefined;
    const revoked = [...new Set([...payload.revoked, ...ids])].sort();
    return sealed({ ...payload, seq: payload.seq + 1, issuedAt: now.toISOString(), revoked }, signers);
  });
}
