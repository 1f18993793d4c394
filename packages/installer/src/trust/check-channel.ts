// May this root follow what a store says of a channel? Signed where it must be, not older than what was seen before, not
// expired: the answers to replay and freeze (DESIGN 5). Nothing is written here.
import { SalverError, parseChannel, printable } from '@salver/core';
import type { ChannelPayload, SignatureVerifier, SignedDocument } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { documentOf, readChannelRecord } from './channel-record.js';
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

/** What a channel says, and the time at which that was found good. */
export interface CheckedChannel {
  readonly payload: ChannelPayload;
  readonly at: Date;
}

/**
 * Throws E_CHANNEL_INVALID, E_CHANNEL_EXPIRED, E_CHANNEL_REPLAYED, E_RELEASE_MISMATCH (the document of another channel)
 * and what checkSignatures throws.
 */
export async function checkChannel(paths: HostPaths, question: ChannelQuestion): Promise<CheckedChannel> {
  const { name, channel, verifier } = question;
  const document = parseChannel(question.bytes);
  const { payload, payloadBytes, signatures } = document;
  const asked = `${name}@${channel}`;
  if (payload.name !== name || payload.channel !== channel) {
    throw new SalverError(
      'E_RELEASE_MISMATCH',
      `the store answers ${asked} with the document of ${printable(payload.name)}@${printable(payload.channel)}`,
      { hint: 'look who has changed the store' },
    );
  }
  const trust = readTrustSettings(paths);
  const seen = await seenDocument(paths, document, { trust, question });
  const at = trustedNow(question.now, seen?.payload);
  if (trust !== undefined) {
    const hint = `sign it: salver promote ${name}@ID ${channel} --key KEY`;
    await checkSignatures(
      { what: `channel ${asked}`, content: payloadBytes, signatures, namespace: 'salver-channel', at, hint },
      trust,
      verifier,
    );
  }
  checkExpiry(payload, { asked, at, trust });
  if (seen !== undefined) checkFloor(document, seen);
  return { payload, at };
}

/** The clock, unless something that was signed is newer: a clock that was set back must not make old documents good. */
function trustedNow(now: Date, seen: ChannelPayload | undefined): Date {
  return new Date(Math.max(now.getTime(), Date.parse(seen?.issuedAt ?? '') || 0));
}

type ChannelDocument = SignedDocument<ChannelPayload>;

/**
 * The last document that this root accepted, as long as those who signed it are still trusted: a number or a time that a
 * stolen key has raised falls with the key.
 */
async function seenDocument(
  paths: HostPaths,
  document: ChannelDocument,
  { trust, question }: { readonly trust: TrustSettings | undefined; readonly question: ChannelQuestion },
): Promise<ChannelDocument | undefined> {
  const seen = documentOf(readChannelRecord(paths, question));
  if (seen === undefined || trust === undefined || seen.payloadBytes.equals(document.payloadBytes))
    return seen;
  const { allowedSigners, revokedKeys, threshold } = trust;
  const { signers } = await question.verifier.verify({
    content: seen.payloadBytes,
    signatures: seen.signatures,
    namespace: 'salver-channel',
    at: question.now,
    allowedSigners,
    revokedKeys,
  });
  return new Set(signers.map(({ principal }) => principal)).size >= threshold ? seen : undefined;
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
function checkFloor({ payload, payloadBytes }: ChannelDocument, seen: ChannelDocument): void {
  if (payload.seq > seen.payload.seq) return;
  const isSameNumber = payload.seq === seen.payload.seq;
  if (isSameNumber && payloadBytes.equals(seen.payloadBytes)) return;
  const asked = `${payload.name}@${payload.channel}`;
  const what = isSameNumber ? 'says another thing than before with' : 'is older than what was seen:';
  throw new SalverError(
    'E_CHANNEL_REPLAYED',
    `channel ${asked} ${what} number ${seen.payload.seq} (now ${payload.seq})`,
    {
      hint: 'somebody has put back an old pointer; promote again to move it forward',
      facts: { seq: payload.seq, seenSeq: seen.payload.seq },
    },
  );
}
