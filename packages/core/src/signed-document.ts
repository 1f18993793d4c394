// Documents in a store that move or take back: channels and revocations. An envelope carries the exact text that was
// signed, so that nobody has to agree with anybody about how JSON is written.
import { canonicalJson, parseCanonicalJson } from './canonical-json.js';
import { SHA256_PATTERN } from './digest.js';
import { SalverError } from './errors.js';
import { ShapeError, integer, listOf, mapOf, object, text } from './json-shape.js';
import type { Shape } from './json-shape.js';
import { ARTIFACT_RAW_BYTES_MAX } from './limits.js';
import { NAME_PATTERN, VERSION_PATTERN } from './release-name.js';
import { splitSignatures } from './signature.js';
import { CHANNEL_PATTERN } from './store-keys.js';

/** A document, the bytes that its signatures are over, and the signatures. */
export interface SignedDocument<T> {
  readonly payload: T;
  readonly payloadBytes: Buffer;
  /** Armoured. */
  readonly signatures: readonly string[];
}

/** One release in a store. */
export interface PublishedRelease {
  readonly id: string;
  /** Name of the artifact's object below the app's prefix. */
  readonly file: string;
  readonly version: string;
  readonly sizeBytes: number;
}

/** Where a channel points. */
export interface ChannelPayload {
  readonly format: 1;
  readonly name: string;
  readonly channel: string;
  /** Rises with every move. Hosts never go down. */
  readonly seq: number;
  /** ISO time. */
  readonly issuedAt: string;
  /** ISO time after which hosts refuse it. */
  readonly expires?: string;
  /** By target: all of a mixed fleet get one version. */
  readonly releases: Readonly<Record<string, PublishedRelease>>;
  /** Ids that no host may install any more. */
  readonly revoked: readonly string[];
}

/** A release that is taken back for ever. */
export interface RevocationPayload {
  readonly format: 1;
  readonly name: string;
  readonly id: string;
  readonly reason: string;
  readonly issuedAt: string;
}

/** What a store that cannot list says of its releases. */
export interface ReleaseIndex {
  readonly format: 1;
  readonly releases: readonly (PublishedRelease & { readonly target: string; readonly pushedAt: string })[];
}

export const CHANNEL_BYTES_MAX = 512 * 1024;
export const INDEX_BYTES_MAX = 8 * 1024 * 1024;
export const RELEASES_MAX = 20_000;
const SIGNATURES_MAX = 16;
const SIGNATURE_CHARACTERS_MAX = 16 * 1024;
const TARGETS_MAX = 64;
const REVOKED_MAX = 4_000;
const TARGET_KEY = /^[a-z0-9-]{3,48}$/;

const id = text(SHA256_PATTERN);
const time = text(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/);
const published = {
  id,
  file: text(/^[A-Za-z0-9@+._~-]{1,255}$/),
  version: text(VERSION_PATTERN),
  sizeBytes: integer(1, ARTIFACT_RAW_BYTES_MAX),
};
const one = integer(1, 1) as Shape<1>;

const channelShape = object<ChannelPayload>(
  {
    format: one,
    name: text(NAME_PATTERN),
    channel: text(CHANNEL_PATTERN),
    seq: integer(1, Number.MAX_SAFE_INTEGER),
    issuedAt: time,
    expires: time,
    releases: mapOf(TARGET_KEY, object<PublishedRelease>(published), TARGETS_MAX),
    revoked: listOf(id, REVOKED_MAX),
  },
  ['expires'],
);

const revocationShape = object<RevocationPayload>({
  format: one,
  name: text(NAME_PATTERN),
  id,
  reason: text(),
  issuedAt: time,
});

const indexShape = object<ReleaseIndex>({
  format: one,
  releases: listOf(object({ ...published, target: text(TARGET_KEY), pushedAt: time }), RELEASES_MAX),
});

const envelopeShape = object<{ readonly payload: string; readonly signatures: readonly string[] }>({
  // Longer than other texts of ours: it holds a document.
  payload: (value, place) => {
    if (typeof value !== 'string' || value.length > CHANNEL_BYTES_MAX)
      throw new ShapeError(place, 'must be a string');
    return value;
  },
  signatures: listOf(text(), SIGNATURES_MAX),
});

/** The bytes of an object in a store. */
export function serializeSigned(payloadBytes: Buffer, signatures: readonly string[]): Buffer {
  return canonicalJson({ payload: payloadBytes.toString('utf8'), signatures });
}

/** Throws E_CHANNEL_INVALID. */
export function parseChannel(bytes: Buffer): SignedDocument<ChannelPayload> {
  return parseSigned(bytes, channelShape, 'the channel');
}

/** Throws E_CHANNEL_INVALID. */
export function parseRevocation(bytes: Buffer): SignedDocument<RevocationPayload> {
  return parseSigned(bytes, revocationShape, 'the revocation');
}

/** Throws E_CHANNEL_INVALID. */
export function parseReleaseIndex(bytes: Buffer): ReleaseIndex {
  return checked('the list of releases', () => indexShape(JSON.parse(bytes.toString('utf8')), ''));
}

function parseSigned<T>(bytes: Buffer, shape: Shape<T>, what: string): SignedDocument<T> {
  return checked(what, () => {
    const envelope = envelopeShape(JSON.parse(bytes.toString('utf8')), '');
    const payloadBytes = Buffer.from(envelope.payload, 'utf8');
    const payload = shape(parseCanonicalJson(payloadBytes, what), '');
    const signatures = envelope.signatures
      .filter((signature) => signature.length <= SIGNATURE_CHARACTERS_MAX)
      .flatMap((signature) => splitSignatures(signature));
    return { payload, payloadBytes, signatures };
  });
}

function checked<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const problem = error instanceof ShapeError ? error.message : 'it cannot be read';
    throw new SalverError('E_CHANNEL_INVALID', `${what} in the store is not valid: ${problem}`, {
      cause: error,
      hint: 'promote again with this version of salver; if nobody has changed the store by hand, look who did',
    });
  }
}
