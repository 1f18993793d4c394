// `packageManager` of package.json: which manager the project is installed with, in which version.
import { SalverError, printable } from '@salver/core';
import { isObject } from '../lockfile-shape.js';

export type ManagerName = 'npm' | 'pnpm' | 'yarn' | 'bun';

export interface PackageManagerPin {
  readonly name: ManagerName;
  /** Exact version; undefined when only the name is stated (`devEngines`). */
  readonly version?: string;
  readonly hash?: { readonly algorithm: string; readonly hex: string };
}

const NAMES: ReadonlySet<string> = new Set<ManagerName>(['npm', 'pnpm', 'yarn', 'bun']);
const PIN =
  /^([a-z]+)@(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?:\+(sha1|sha224|sha256|sha384|sha512)\.([0-9a-f]+))?$/;

/**
 * The pin, or undefined when there is none, or one for a manager that Salver does not know.
 * Throws E_CONFIG_INVALID when it does not name an exact version.
 */
export function readPin(manifest: Readonly<Record<string, unknown>>): PackageManagerPin | undefined {
  const text = manifest['packageManager'];
  if (text === undefined) return readDevEngines(manifest['devEngines']);
  const match = typeof text === 'string' ? PIN.exec(text.trim()) : null;
  if (match === null) {
    throw new SalverError(
      'E_CONFIG_INVALID',
      `package.json: "packageManager" must be name@version, not ${printable(JSON.stringify(text))}`,
      { hint: 'write an exact version, e.g. "pnpm@10.20.0"', facts: { key: 'packageManager' } },
    );
  }
  const [, name = '', version = '', algorithm, hex] = match;
  if (!isManagerName(name)) return undefined;
  return {
    name,
    version,
    ...(algorithm === undefined || hex === undefined ? {} : { hash: { algorithm, hex } }),
  };
}

function isManagerName(name: string): name is ManagerName {
  return NAMES.has(name);
}

function readDevEngines(devEngines: unknown): PackageManagerPin | undefined {
  const entry = isObject(devEngines) ? devEngines['packageManager'] : undefined;
  if (!isObject(entry) || typeof entry['name'] !== 'string' || !isManagerName(entry['name'])) {
    return undefined;
  }
  const { name, version } = entry;
  const isExact = typeof version === 'string' && /^\d+\.\d+\.\d+$/.test(version);
  return { name, ...(isExact ? { version } : {}) };
}
