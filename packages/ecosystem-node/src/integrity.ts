// SRI strings of the lock. Nearly all are one sha512, which needs no library; the rest goes to ssri, which
// is imported when the first such string turns up (it costs 26 ms of start time).
import { SalverError, printable } from '@salver/core';

const PLAIN_SHA512 = /^sha512-([A-Za-z0-9+/]{86}==)$/;

/** One digest of an SRI string. */
export interface Digest {
  readonly algorithm: string;
  readonly hex: string;
}

/**
 * The strongest digest an SRI string names; all equal ones when it lists several of that strength.
 * Throws E_LOCK_INVALID when there is none that Node can compute.
 */
export async function strongestDigests(integrity: string): Promise<readonly Digest[]> {
  const plain = PLAIN_SHA512.exec(integrity);
  if (plain?.[1] !== undefined) return [{ algorithm: 'sha512', hex: toHex(plain[1]) }];
  const ssri = (await import('ssri')).default;
  const parsed = ssri.parse(integrity) as SsriResult | null;
  if (parsed === null || parsed.toString() === '') throw unusable(integrity);
  const algorithm = parsed.pickAlgorithm();
  const hashes = (parsed as unknown as HashesByAlgorithm)[algorithm] ?? [];
  if (hashes.length === 0) throw unusable(integrity);
  return hashes.map((hash) => ({ algorithm, hex: toHex(hash.digest) }));
}

/** What ssri's parser gives; its published types do not mention the lists by algorithm. */
interface SsriResult {
  pickAlgorithm(): string;
  toString(): string;
}
type HashesByAlgorithm = Readonly<Record<string, readonly { readonly digest: string }[] | undefined>>;

function toHex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function unusable(integrity: string): SalverError {
  return new SalverError(
    'E_LOCK_INVALID',
    `the lock has an integrity nobody can check: "${printable(integrity)}"`,
    {
      hint: 'delete that entry from the lock and run `npm install`',
    },
  );
}
