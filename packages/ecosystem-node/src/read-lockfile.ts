// Finds npm's lock, reads it and checks its shape. Whether it agrees with the project is another
// question: sync-check.ts.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';
import { checkLocation } from './lockfile-location.js';
import { checkLockEntry, checkPackageFields, isObject } from './lockfile-shape.js';
import type { LockEntry, PackageFields } from './lockfile-shape.js';

/** A checked lock of version 2 or 3. */
export interface Lockfile {
  readonly lockfileVersion: 2 | 3;
  /** By location; `''` is the root. Hostile keys are refused, and a Map has no prototype to poison. */
  readonly packages: ReadonlyMap<string, LockEntry>;
}

/** package.json of the root: checked where planning reads it, everything else as written. */
export type RootManifest = PackageFields & Readonly<Record<string, unknown>>;

export interface ReadLockfile {
  /** File name: `npm-shrinkwrap.json` or `package-lock.json`. */
  readonly lockfile: string;
  readonly lock: Lockfile;
  readonly rootManifest: RootManifest;
}

/** npm prefers the shrinkwrap when both exist. */
const LOCKFILES = ['npm-shrinkwrap.json', 'package-lock.json'] as const;
const OTHER_LOCKFILES = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];
/** The largest lock seen in the wild is about 5 MiB. */
const LOCKFILE_BYTES_MAX = 128 * 1024 * 1024;
const LOCK_PACKAGES_MAX = 100_000;

/** What a plan is made of, not yet parsed. */
export interface ProjectTexts {
  /** File name of the lock. */
  readonly lockfile: string;
  readonly lockText: string;
  /** package.json of the root. */
  readonly manifestText: string;
}

/**
 * Reads npm-shrinkwrap.json or else package-lock.json, and package.json.
 * Throws E_LOCK_MISSING, E_CONFIG_INVALID (no package.json), E_LIMIT_EXCEEDED, E_FILE_SYSTEM.
 */
export async function readProjectTexts(projectDir: string): Promise<ProjectTexts> {
  const manifestText = readManifestText(projectDir);
  return { ...(await findLockfile(projectDir)), manifestText };
}

/** Throws E_LOCK_INVALID, E_LOCK_UNSUPPORTED, E_CONFIG_INVALID (package.json). */
export function parseProjectTexts({ lockfile, lockText, manifestText }: ProjectTexts): ReadLockfile {
  const rootManifest = parseManifest(manifestText, 'package.json');
  return { lockfile, lock: parseLock(lockText, lockfile), rootManifest };
}

/** The lock npm would use for this project. */
async function findLockfile(projectDir: string): Promise<Pick<ProjectTexts, 'lockfile' | 'lockText'>> {
  for (const lockfile of LOCKFILES) {
    const lockText = readText(join(projectDir, lockfile));
    if (lockText !== undefined) return { lockfile, lockText };
  }
  const names = await readdir(projectDir).catch((): string[] => []);
  const other = OTHER_LOCKFILES.find((name) => names.includes(name));
  throw new SalverError('E_LOCK_MISSING', 'no package-lock.json or npm-shrinkwrap.json in the project', {
    hint:
      other === undefined
        ? (hintAbove(projectDir) ?? 'run `npm install` and commit package-lock.json')
        : `found ${other}, which is not npm's lock: run \`npm install\` and commit package-lock.json`,
    facts: { projectDir },
  });
}

/** Workspaces share the lock at the top of their repository. */
function hintAbove(projectDir: string): string | undefined {
  for (let top = dirname(projectDir); top !== dirname(top); top = dirname(top)) {
    const found = [...LOCKFILES, ...OTHER_LOCKFILES].find((name) => existsSync(join(top, name)));
    if (found !== undefined) {
      return `if ${join(top, found)} is its lock: \`salver build ${top} --workspace ${relative(top, projectDir)}\``;
    }
  }
  return undefined;
}

/** Reads the text of a lock. Throws E_LOCK_INVALID or E_LOCK_UNSUPPORTED. */
export function parseLock(text: string, lockfile: string): Lockfile {
  const data = parseJson(text, lockfile);
  if (!isObject(data)) throw invalidLock(lockfile, 'must be a JSON object');
  const lockfileVersion = supportedVersion(data, lockfile);
  if (!isObject(data['packages'])) throw invalidLock(lockfile, '"packages" must be an object', 'packages');
  const rows = Object.entries(data['packages']);
  if (rows.length > LOCK_PACKAGES_MAX) {
    throw invalidLock(lockfile, `has more than ${LOCK_PACKAGES_MAX} packages`, 'packages');
  }
  const packages = new Map<string, LockEntry>();
  for (const [location, value] of rows) {
    if (location !== '') checkLocation(location);
    packages.set(location, checkLockEntry(value, `${lockfile}: packages["${location}"]`));
  }
  return { lockfileVersion, packages };
}

function readManifestText(projectDir: string): string {
  const text = readText(join(projectDir, 'package.json'));
  if (text === undefined) {
    throw new SalverError('E_CONFIG_INVALID', 'no package.json in the project', {
      hint: 'run the command in the directory of your app, or name it',
      facts: { projectDir },
    });
  }
  return text;
}

/** Parses a package.json. Throws E_CONFIG_INVALID that names the file and the key. */
export function parseManifest(text: string, where: string): RootManifest {
  let data: unknown;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const hint = hasConflictMarkers(text) ? 'resolve the merge conflict in it' : 'correct its syntax';
    throw new SalverError('E_CONFIG_INVALID', `${where} is not JSON`, { hint, cause: error });
  }
  return checkPackageFields(data, where);
}

function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > LOCKFILE_BYTES_MAX) {
      throw new SalverError('E_LIMIT_EXCEEDED', `${path} is larger than ${LOCKFILE_BYTES_MAX} bytes`);
    }
    return bytes.toString('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read ${path}`);
  }
}

function parseJson(text: string, lockfile: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (hasConflictMarkers(text)) {
      throw new SalverError('E_LOCK_INVALID', `${lockfile} has unresolved merge conflicts`, {
        hint: 'run `npm install --package-lock-only`, which resolves conflicts in the lock, and commit it',
        cause: error,
        facts: { conflict: true },
      });
    }
    throw invalidLock(lockfile, 'is not JSON');
  }
}

function hasConflictMarkers(text: string): boolean {
  return /^<{7}(?: |$)/m.test(text) && /^>{7}(?: |$)/m.test(text);
}

function supportedVersion(data: Record<string, unknown>, lockfile: string): 2 | 3 {
  const version = data['lockfileVersion'];
  if (version === 2 || version === 3) return version;
  const isLegacy = version === 1 || (version === undefined && isObject(data['dependencies']));
  if (!isLegacy && typeof version !== 'number') {
    throw invalidLock(lockfile, '"lockfileVersion" must be a number', 'lockfileVersion');
  }
  throw new SalverError(
    'E_LOCK_UNSUPPORTED',
    `${lockfile} has lockfileVersion ${isLegacy ? 1 : String(version)}; versions 2 and 3 are supported`,
    {
      hint: 'run `npm install --package-lock-only --lockfile-version 3` and commit the lock',
      facts: { lockfileVersion: isLegacy ? 1 : Number(version) },
    },
  );
}

function invalidLock(lockfile: string, problem: string, key?: string): SalverError {
  return new SalverError('E_LOCK_INVALID', `${lockfile} ${problem}`, {
    hint: 'restore the lock from version control, or write it anew with `npm install`',
    ...(key === undefined ? {} : { facts: { key } }),
  });
}
