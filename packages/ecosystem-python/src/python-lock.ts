// What a lock says, whatever its format: the packages of this target, each with what may be installed for it.
import { SalverError, printable } from '@salver/core';

/** One file that the lock allows. */
export interface LockedFile {
  readonly fileName: string;
  /** Where the lock says it is; an index that mirrors that place may be asked instead. */
  readonly url?: string;
  /** Below the project; instead of a URL. */
  readonly path?: string;
  readonly sizeBytes?: number;
  /** SRI string: every hash the lock has for it. */
  readonly integrity: string;
}

export interface LockedPackage {
  /** Canonical. */
  readonly name: string;
  /** Undefined where only the file says it. */
  readonly version?: string;
  /** Exact files. Empty: an index is asked for files of this version that have one of {@link hashes}. */
  readonly files: readonly LockedFile[];
  /** SRI strings, one hash each; empty where the lock names files. */
  readonly hashes: readonly string[];
  /** Directory of the project inside a source distribution. */
  readonly subdirectory?: string;
}

/** Where files are looked for whose place the lock does not name. */
export interface IndexOptions {
  readonly indexUrl?: string;
  readonly extraIndexUrls: readonly string[];
  readonly findLinks: readonly string[];
  readonly noIndex: boolean;
}

export interface PythonLock {
  /** Relative to the project. */
  readonly lockfile: string;
  /** Sorted by name, each once. */
  readonly packages: readonly LockedPackage[];
  readonly index: IndexOptions;
  /** As written. */
  readonly requiresPython?: string;
}

export const NO_INDEX_OPTIONS: IndexOptions = { extraIndexUrls: [], findLinks: [], noIndex: false };

/** Hash algorithms that locks use and an integrity may have, with the digits of each. */
const HASH_DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** `sha256` and hex digits -> SRI string; undefined for algorithms that are too weak, and damaged digits. */
export function sriOfHash(algorithm: string, hex: string): string | undefined {
  const digits = HASH_DIGITS[algorithm];
  if (digits === undefined || hex.length !== digits || !/^[0-9a-f]+$/i.test(hex)) return undefined;
  return `${algorithm}-${Buffer.from(hex, 'hex').toString('base64')}`;
}

/** Sorts and refuses what is there twice. Throws E_LOCK_INVALID. */
export function sortedPackages(
  packages: readonly LockedPackage[],
  lockfile: string,
): readonly LockedPackage[] {
  const sorted = [...packages].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const twice = sorted.find(({ name }, index) => name === sorted[index - 1]?.name);
  if (twice === undefined) return sorted;
  throw lockInvalid(lockfile, `it has ${printable(twice.name)} more than once for this target`);
}

/** E_LOCK_INVALID with the advice that always helps. */
export function lockInvalid(lockfile: string, why: string, cause?: unknown): SalverError {
  return new SalverError('E_LOCK_INVALID', `${lockfile} cannot be used: ${why}`, {
    hint: 'make the lock again with the tool it came from',
    ...(cause === undefined ? {} : { cause }),
    facts: { lockfile },
  });
}
