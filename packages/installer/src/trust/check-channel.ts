// May this root follow what a store says of a channel? Signed where it must be, not older than what was seen before, not
// expired: the answers to replay and freeze (DESIGN 5). Nothing is written here.
import { SalverError, parseChannel, printable } from '@salver/core';
import type { ChannelPayload, SignatureVerifier } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { documentOf, knownDocuments, readChannelRecord } from './channel-record.js';
import type { ChannelName } from './channel-record.js';
import { checkSignatures } from './check-signatures.js';
import { readTrustSettings } from './trust-settings.js';
import type { TrustSettings } from './trust-settings.js';

export interface ChannelQuestion extends ChannelName {
  /** The object as the store gave it. */
  readonly bytes: Buffer;
  readonly verifier: SignatureVerifier;
  readonly now: Date;
}

/**
 * Returns what the channel says. Throws E_CHANNEL_INVALID, E_CHANNEL_EXPIRED, E_CHANNEL_REPLAYED, E_RELEASE_MISMATCH (the
 * document of another channel) and what checkSignatures throws.
 */
export async function checkChannel(paths: HostPaths, question: ChannelQuestion): Promise<ChannelPayload> {
  const { name, channel, verifier } = question;
  const { payload, payloadBytes, signatures } = parseChannel(question.bytes);
  const asked = `${name}@${channel}`;
  if (payload.name !== name || payload.channel !== channel) {
    throw new SalverError(
      'E_RELEASE_MISMATCH',
      `the store answers ${asked} with the document of ${printable(payload.name)}@${printable(payload.channel)}`,
      { hint: 'look who has changed the store' },
    );
  }
  const at = trustedNow(paths, question.now);
  const trust = readTrustSettings(paths);
  if (trust !== undefined) {
    const hint = `sign it: salver promote ${name}@ID ${channel} --key KEY`;
    await checkSignatures(
      { what: `channel ${asked}`, content: payloadBytes, signatures, namespace: 'salver-channel', at, hint },
      trust,
      verifier,
    );
  }
  checkExpiry(payload, { asked, at, trust });
  await checkFloor(paths, payload, { payloadBytes, trust, verifier, at });
  return payload;
}

/** The clock, unless something that was signed is newer: a clock that was set back must not make old documents good. */
export function trustedNow(paths: HostPaths, now: Date): Date {
  const times = knownDocuments(paths).map(({ issuedAt }) => Date.parse(issuedAt));
  return new Date(Math.max(now.getTime(), ...times));
}

function checkExpiry(
  { expires }: ChannelPayload,
  {
    asked,
    at,
    trust,
  }: { readonly asked: string; readonly at: Date; readonly trust: TrustSettings | undefined },
): void {
  if (expires === undefined) {
    if (trust?.requireExpiry !== true) return;
    throw new SalverError(
      'E_CHANNEL_EXPIRED',
      `channel ${asked} never expires, and this root asks for an expiry`,
      {
        hint: 'promote with --valid-for, for example 30d',
      },
    );
  }
  if (Date.parse(expires) > at.getTime()) return;
  throw new SalverError(
    'E_CHANNEL_EXPIRED',
    `channel ${asked} expired at ${expires}; it is ${at.toISOString()} here`,
    {
      hint: `check the clock; if it is right, renew the channel with \`salver promote --renew\`, and look why nobody did`,
      facts: { expires },
    },
  );
}

/** `seq` never goes down, and one number never means two things. */
async function checkFloor(
  paths: HostPaths,
  payload: ChannelPayload,
  context: {
    readonly payloadBytes: Buffer;
    readonly trust: TrustSettings | undefined;
    readonly verifier: SignatureVerifier;
    readonly at: Date;
  },
): Promise<void> {
  const seen = documentOf(readChannelRecord(paths, payload));
  if (seen === undefined || payload.seq > seen.payload.seq) return;
  if (payload.seq === seen.payload.seq && context.payloadBytes.equals(seen.payloadBytes)) return;
  const { trust, verifier, at } = context;
  // A floor that a stolen key has raised falls with the key.
  if (
    trust !== undefined &&
    !(await stillTrusted(seen.payloadBytes, seen.signatures, { trust, verifier, at }))
  )
    return;
  const asked = `${payload.name}@${payload.channel}`;
  const what =
    payload.seq === seen.payload.seq
      ? 'says another thing than it said before with'
      : 'is older than what was seen:';
  throw new SalverError(
    'E_CHANNEL_REPLAYED',
    `channel ${asked} ${what} number ${seen.payload.seq} (now ${payload.seq})`,
    {
      hint: 'somebody has put back an old pointer; promote again to move it forward',
      facts: { seq: payload.seq, seenSeq: seen.payload.seq },
    },
  );
}

async function stillTrusted(
  content: Buffer,
  signatures: readonly string[],
  {
    trust,
    verifier,
    at,
  }: { readonly trust: TrustSettings; readonly verifier: SignatureVerifier; readonly at: Date },
): Promise<boolean> {
  const { allowedSigners, revokedKeys } = trust;
  const question = {
    content,
    signatures,
    namespace: 'salver-channel',
    at,
    allowedSigners,
    revokedKeys,
  } as const;
  const { signers } = await verifier.verify(question);
  return new Set(signers.map(({ principal }) => principal)).size >= trust.threshold;
}
