// The shape of a lock entry and of a package.json, as far as planning reads them. Both are foreign
// text: every field that is read later is checked here, once, and named in the error when it is wrong.
import { SalverError, printable } from '@salver/core';
import type { ErrorCode } from '@salver/core';

export type DependencyMap = Readonly<Record<string, string>>;

/** The fields that decide what a package depends on and where it may run. */
export interface PackageFields {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: DependencyMap;
  readonly devDependencies?: DependencyMap;
  readonly optionalDependencies?: DependencyMap;
  readonly peerDependencies?: DependencyMap;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly acceptDependencies?: DependencyMap;
  /** `true` means every dependency. */
  readonly bundleDependencies?: readonly string[] | boolean;
  /** Old packages have arrays or strings here; only an object counts, as in npm. */
  readonly engines?: unknown;
  readonly devEngines?: unknown;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
  readonly bin?: unknown;
}

/** One value of the lock's `packages`. */
export interface LockEntry extends PackageFields {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
  readonly hasShrinkwrap?: boolean;
}

type Check = readonly [accepts: (value: unknown) => boolean, wanted: string];

const STRING: Check = [(value) => typeof value === 'string', 'a string'];
const BOOLEAN: Check = [(value) => typeof value === 'boolean', 'true or false'];
const STRINGS: Check = [
  (value) => typeof value === 'string' || isStringArray(value),
  'a string or a list of strings',
];
const STRING_MAP: Check = [isStringMap, 'an object of strings'];
const OBJECT_MAP: Check = [
  (value) => isObject(value) && Object.values(value).every(isObject),
  'an object of objects',
];
const BUNDLE: Check = [
  (value) => typeof value === 'boolean' || isStringArray(value),
  'a list of names, true or false',
];

const PACKAGE_CHECKS: Readonly<Record<string, Check>> = {
  name: STRING,
  version: STRING,
  dependencies: STRING_MAP,
  devDependencies: STRING_MAP,
  optionalDependencies: STRING_MAP,
  peerDependencies: STRING_MAP,
  peerDependenciesMeta: OBJECT_MAP,
  acceptDependencies: STRING_MAP,
  bundleDependencies: BUNDLE,
  os: STRINGS,
  cpu: STRINGS,
  libc: STRINGS,
};

const LOCK_CHECKS: Readonly<Record<string, Check>> = {
  ...PACKAGE_CHECKS,
  resolved: STRING,
  integrity: STRING,
  link: BOOLEAN,
  inBundle: BOOLEAN,
  hasInstallScript: BOOLEAN,
  hasShrinkwrap: BOOLEAN,
};

/** Checks one entry of the lock's `packages`. Throws E_LOCK_INVALID that names the key. */
export function checkLockEntry(value: unknown, where: string): LockEntry {
  checkFields(value, LOCK_CHECKS, where, 'E_LOCK_INVALID');
  return value as LockEntry;
}

/** Checks a package.json. Throws E_CONFIG_INVALID that names the key. */
export function checkPackageFields(value: unknown, where: string): PackageFields & Record<string, unknown> {
  checkFields(value, PACKAGE_CHECKS, where, 'E_CONFIG_INVALID');
  return value as PackageFields & Record<string, unknown>;
}

/** True for a plain JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkFields(
  value: unknown,
  checks: Readonly<Record<string, Check>>,
  where: string,
  code: ErrorCode,
): void {
  if (!isObject(value)) throw wrongShape(code, where, '', 'an object');
  for (const key in value) {
    const field = value[key];
    if (!Object.hasOwn(checks, key)) continue;
    if (field === null) {
      // npm treats null as absent; so does everything behind this check.
      delete value[key];
      continue;
    }
    const check = checks[key];
    if (check !== undefined && !check[0](field)) throw wrongShape(code, where, key, check[1]);
  }
}

function wrongShape(code: ErrorCode, where: string, key: string, wanted: string): SalverError {
  const subject = key === '' ? printable(where) : `${printable(where)}: "${key}"`;
  return new SalverError(code, `${subject} must be ${wanted}`, {
    hint:
      code === 'E_LOCK_INVALID'
        ? 'restore the lock from version control, or write it anew with `npm install`'
        : 'correct that field and run `npm install`',
    facts: { where: printable(where), key },
  });
}

function isStringArray(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isStringMap(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
}
