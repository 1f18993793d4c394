// Subresource-integrity strings, as lockfiles have them: `sha512-<base64>`, several separated by white space.
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';

/** Strongest first; anything else in a string is ignored. */
const ALGORITHMS = ['sha512', 'sha384', 'sha256', 'sha1'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const DIGEST_BYTES: Readonly<Record<Algorithm, number>> = { sha512: 64, sha384: 48, sha256: 32, sha1: 20 };

/** One digest in lower-case hex. */
export interface Digest {
  readonly algorithm: Algorithm;
  readonly hex: string;
}

/** The digests an integrity string names, strongest algorithm first. */
export function parseIntegrity(integrity: string): readonly Digest[] {
  const digests: Digest[] = [];
  for (const part of integrity.split(/\s+/)) {
    const match = /^([a-z0-9]+)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(part);
    const algorithm = ALGORITHMS.find((name) => name === match?.[1]);
    const bytes = Buffer.from(match?.[2] ?? '', 'base64');
    if (algorithm !== undefined && bytes.length === DIGEST_BYTES[algorithm]) {
      digests.push({ algorithm, hex: bytes.toString('hex') });
    }
  }
  return digests.sort((a, b) => ALGORITHMS.indexOf(a.algorithm) - ALGORITHMS.indexOf(b.algorithm));
}

/** The digests of the strongest algorithm named: any one of them may fit, as in the standard. */
export function strongestDigests(integrity: string): readonly Digest[] {
  const digests = parseIntegrity(integrity);
  return digests.filter((digest) => digest.algorithm === digests[0]?.algorithm);
}

/** `sha512-<base64>` of a hex digest. */
export function formatIntegrity(digest: Digest): string {
  return `${digest.algorithm}-${Buffer.from(digest.hex, 'hex').toString('base64')}`;
}

/** Hashes a stream with several algorithms at once. */
export class DigestSet {
  readonly #hashes: ReadonlyMap<Algorithm, Hash>;

  constructor(algorithms: Iterable<Algorithm>) {
    this.#hashes = new Map([...new Set(algorithms)].map((algorithm) => [algorithm, createHash(algorithm)]));
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** All digests in lower-case hex; the set cannot be used afterwards. */
  finish(): ReadonlyMap<Algorithm, string> {
    return new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
  }
}
