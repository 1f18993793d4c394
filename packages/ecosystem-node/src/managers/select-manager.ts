// Which manager a project is installed with: what package.json pins, else whose lock lies there.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError } from '@salver/core';
import { isObject } from '../lockfile-shape.js';
import { readPin } from './package-manager-pin.js';
import type { PackageManagerPin } from './package-manager-pin.js';

/** The two yarns share their name and the name of their lock, and nothing else. */
export type ManagerId = 'npm' | 'pnpm' | 'yarn-classic' | 'yarn-berry' | 'bun';

const LOCKFILES: readonly (readonly [string, 'npm' | 'pnpm' | 'yarn' | 'bun'])[] = [
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
];

export interface SelectedManager {
  readonly id: ManagerId;
  /** What says so: the lock, or package.json. */
  readonly evidence: string;
}

/**
 * The manager of a project, or undefined when the directory is no Node project.
 * Throws E_CONFIG_INVALID when the locks of two managers lie there and package.json does not pin one.
 */
export function selectManager(projectDir: string): SelectedManager | undefined {
  const manifest = readManifest(projectDir);
  const found = LOCKFILES.filter(([file]) => existsSync(join(projectDir, file)));
  const pin = manifest === undefined ? undefined : readPin(manifest);
  if (pin !== undefined) {
    const own = found.find(([, name]) => name === pin.name);
    return { id: idOf(pin.name, projectDir, pin), evidence: own?.[0] ?? 'package.json' };
  }
  const [first] = found;
  if (first === undefined)
    return manifest === undefined ? undefined : { id: 'npm', evidence: 'package.json' };
  const other = found.find(([, name]) => name !== first[1]);
  if (other !== undefined) throw ambiguous(first[0], other[0]);
  return { id: idOf(first[1], projectDir, undefined), evidence: first[0] };
}

function idOf(
  name: 'npm' | 'pnpm' | 'yarn' | 'bun',
  projectDir: string,
  pin: PackageManagerPin | undefined,
): ManagerId {
  if (name !== 'yarn') return name;
  if (pin?.version !== undefined) return pin.version.startsWith('1.') ? 'yarn-classic' : 'yarn-berry';
  const lock = readText(join(projectDir, 'yarn.lock')) ?? '';
  // Yarn 2 and later begin their lock with `__metadata:`; yarn 1 writes `# yarn lockfile v1`.
  return /^__metadata:/m.test(lock) ? 'yarn-berry' : 'yarn-classic';
}

function readManifest(projectDir: string): Record<string, unknown> | undefined {
  const text = readText(join(projectDir, 'package.json'));
  if (text === undefined) return undefined;
  try {
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(manifest) ? manifest : {};
  } catch {
    // Planning says what is wrong with it.
    return {};
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function ambiguous(one: string, other: string): SalverError {
  return new SalverError('E_CONFIG_INVALID', `the project has two locks: ${one} and ${other}`, {
    hint: 'remove the one that is out of date, or pin the manager: "packageManager" in package.json',
    facts: { locks: [one, other] },
  });
}
