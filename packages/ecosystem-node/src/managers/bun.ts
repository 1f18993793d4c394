// bun: a hoisted node_modules, or an isolated one below `node_modules/.bun`.
import { SalverError, formatTarget } from '@salver/core';
import type { Target } from '@salver/core';
import { isObject } from '../lockfile-shape.js';
import type { FailurePattern, InstallRequest, InstallStep, Manager, ProgramSource } from './manager.js';
import type { ManagerProject } from './read-project.js';

const UPDATE = 'run `bun install` and commit the lock';

const FAILURES: readonly FailurePattern[] = [
  {
    pattern: /lockfile had changes, but lockfile is frozen/,
    code: 'E_LOCK_OUT_OF_SYNC',
    reason: 'the lock of bun does not agree with package.json',
    hint: UPDATE,
  },
  {
    pattern:
      /InvalidLockfile|(?:failed to|Failed to) parse lockfile|Invalid lockfile|Outdated lockfile|Lockfile .*(?:corrupt|malformed)|at bun\.lock:/i,
    code: 'E_LOCK_INVALID',
    reason: 'the lock of bun is damaged',
    hint: `restore it from version control, or ${UPDATE}`,
  },
  {
    pattern: /Unknown lockfile version|lockfile version .* (?:not supported|is newer)/i,
    code: 'E_LOCK_UNSUPPORTED',
    reason: 'the lock was written by another generation of bun',
    hint: 'pin the bun that wrote it: "packageManager" in package.json',
  },
  {
    pattern: /Integrity check failed|IntegrityCheckFailed/i,
    code: 'E_INTEGRITY_MISMATCH',
    reason: 'a package does not have the content that the lock states',
    hint: 'compare the entry with the registry; do not install before you know why they differ',
  },
  {
    pattern: /GET .* - 40[13]/,
    code: 'E_REGISTRY_DENIED',
    reason: 'the registry wants credentials',
    hint: 'check the token in .npmrc or bunfig.toml',
  },
  {
    pattern: /GET .* - 404/,
    code: 'E_PACKAGE_NOT_FOUND',
    reason: 'the registry does not have a package',
    hint: 'check the registry in .npmrc or bunfig.toml',
  },
];

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x64', arm64: 'aarch64' };

/** The package `bun` is a script that fetches its binary; here the binary's package is fetched itself. */
function programSource(_version: string, target: Target): ProgramSource {
  const architecture = ARCHITECTURES[target.arch];
  if (architecture === undefined || !['linux', 'darwin'].includes(target.os)) {
    throw new SalverError('E_PLATFORM_UNSUPPORTED', `there is no bun for ${formatTarget(target)}`, {
      hint: 'build on another machine',
    });
  }
  const libc = target.libc === 'musl' ? '-musl' : '';
  return {
    packageName: `@oven/bun-${target.os}-${architecture}${libc}`,
    programPath: 'bin/bun',
    hashOf: 'another package',
  };
}

function installs({ kind, offline, workspace }: InstallRequest): readonly InstallStep[] {
  if (offline) {
    throw new SalverError(
      'E_REGISTRY_UNREACHABLE',
      'bun cannot install offline, and its result is not in the cache',
      {
        hint: 'build once with network access',
      },
    );
  }
  const production = [
    '--production',
    ...(workspace === undefined ? [] : ['--filter', `./${workspace.directory}`]),
  ];
  // Private copies: the app's build may edit files in place, and bun would link them to its cache.
  const full = ['--backend=copyfile'];
  const args = [
    'install',
    '--frozen-lockfile',
    '--no-progress',
    ...(kind === 'production' ? production : full),
  ];
  return [{ args }];
}

/** By name in `trustedDependencies`; without such a list bun has one of its own, which it does not print. */
function runsScriptsSilently({ manifest }: ManagerProject, name: string): boolean {
  const trusted = manifest['trustedDependencies'];
  return Array.isArray(trusted) ? trusted.includes(name) : !isObject(trusted);
}

export const bun: Manager = {
  id: 'bun',
  command: 'bun',
  lockfiles: ['bun.lock', 'bun.lockb'],
  inputs: ['.npmrc', 'bunfig.toml', 'patches'],
  lifecycleEvents: ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'],
  check: () => undefined,
  programSource,
  installs,
  environment: () => ({}),
  failures: FAILURES,
  runsScriptsSilently,
};
