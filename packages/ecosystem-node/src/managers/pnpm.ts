// pnpm 8 and later: an isolated layout of links, which is kept as it is.
import { SalverError, formatTarget } from '@salver/core';
import type { Target } from '@salver/core';
import type {
  FailurePattern,
  InstallRequest,
  InstallStep,
  Manager,
  ProgramSource,
  SeenScript,
} from './manager.js';
import type { ManagerProject } from './read-project.js';

const UPDATE = 'run `pnpm install` and commit pnpm-lock.yaml';

/** Settings that decide how the result looks, whatever the machine's own configuration says. */
const LAYOUT_SETTINGS = [
  // Else `.bin` holds shell scripts with absolute paths of this machine.
  '--config.prefer-symlinked-executables=true',
  // Else packages link to the store of this machine.
  '--config.enable-global-virtual-store=false',
  // What a script made in another directory, at another time, must not get in.
  '--config.side-effects-cache=false',
  // This is the pinned version already; pnpm need not look for it.
  '--config.manage-package-manager-versions=false',
  '--config.package-manager-strict=false',
  '--config.pm-on-fail=ignore',
  '--config.update-notifier=false',
];

const FAILURES: readonly FailurePattern[] = [
  {
    pattern:
      /ERR_PNPM_(?:OUTDATED_LOCKFILE|FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH)|Cannot install with "frozen-lockfile" because/,
    code: 'E_LOCK_OUT_OF_SYNC',
    reason: 'pnpm-lock.yaml does not agree with package.json',
    hint: UPDATE,
  },
  {
    pattern: /ERR_PNPM_(?:BROKEN_LOCKFILE|NO_LOCKFILE|LOCKFILE_MISSING_DEPENDENCY|YAML)/,
    code: 'E_LOCK_INVALID',
    reason: 'pnpm-lock.yaml is damaged',
    hint: `restore it from version control, or ${UPDATE}`,
  },
  {
    pattern:
      /ERR_PNPM_(?:LOCKFILE_BREAKING_CHANGE|UNSUPPORTED_LOCKFILE)|WARN.*Ignoring not compatible lockfile/,
    code: 'E_LOCK_UNSUPPORTED',
    reason: 'pnpm-lock.yaml was written by another generation of pnpm',
    hint: 'pin the pnpm that wrote it: "packageManager" in package.json',
  },
  {
    pattern: /ERR_PNPM_(?:TARBALL_INTEGRITY|UNEXPECTED_PKG_CONTENT_IN_STORE|BAD_TARBALL_SIZE)/,
    code: 'E_INTEGRITY_MISMATCH',
    reason: 'a package does not have the content that pnpm-lock.yaml states',
    hint: 'compare the entry with the registry; do not install before you know why they differ',
  },
  {
    pattern: /ERR_PNPM_(?:NO_OFFLINE_TARBALL|NO_OFFLINE_META)/,
    code: 'E_REGISTRY_UNREACHABLE',
    reason: 'a package is not in the store of pnpm, and this build is offline',
    hint: 'build once with network access',
  },
  {
    pattern: /ERR_PNPM_FETCH_40[13]/,
    code: 'E_REGISTRY_DENIED',
    reason: 'the registry wants credentials',
    hint: 'check the token in .npmrc',
  },
  {
    pattern: /ERR_PNPM_FETCH_404/,
    code: 'E_PACKAGE_NOT_FOUND',
    reason: 'the registry does not have a package',
    hint: 'check `registry` in .npmrc',
  },
];

/** pnpm 12 is a native program in a package of its own; before, it was JavaScript. */
function programSource(version: string, target: Target): ProgramSource {
  const major = Number(version.split('.')[0]);
  if (major < 12) {
    const programPath = major < 11 ? 'bin/pnpm.cjs' : 'bin/pnpm.mjs';
    return { packageName: 'pnpm', programPath, hashOf: 'tarball' };
  }
  const suffix = target.libc === 'musl' ? '-musl' : '';
  return {
    packageName: `@pnpm/exe.${target.os}-${target.arch}${suffix}`,
    programPath: 'pnpm',
    hashOf: 'another package',
  };
}

function check({ files }: ManagerProject): void {
  const npmrc = files.get('.npmrc')?.bytes.toString('utf8') ?? '';
  const workspace = files.get('pnpm-workspace.yaml')?.bytes.toString('utf8') ?? '';
  const isPnp = /^\s*node-linker\s*=\s*pnp\b/m.test(npmrc) || /^nodeLinker\s*:\s*["']?pnp\b/m.test(workspace);
  if (!isPnp) return;
  throw new SalverError(
    'E_LOCK_UNSUPPORTED',
    'the project is set up for Plug’n’Play, which has no node_modules',
    {
      hint: 'set nodeLinker to `isolated` or `hoisted`',
    },
  );
}

function installs({ kind, offline, project, workspace }: InstallRequest): readonly InstallStep[] {
  return [
    {
      args: [
        'install',
        '--frozen-lockfile',
        '--reporter=append-only',
        ...(kind === 'production' ? ['--prod'] : ['--config.package-import-method=clone-or-copy']),
        ...(workspace === undefined ? [] : ['--filter-prod', `{${workspace.directory}}...`]),
        ...(offline ? ['--offline'] : []),
        // Another project's workspace file may lie above the place where this one is installed.
        ...(project.files.has('pnpm-workspace.yaml') ? [] : ['--ignore-workspace']),
        ...LAYOUT_SETTINGS,
      ],
    },
  ];
}

/** `node_modules/.pnpm/a@1.0.0/node_modules/a postinstall$ node build.js`, and the box of ignored ones. */
function seenScript(line: string): SeenScript | undefined {
  const ran = /(?:^|\s)\S*node_modules\/((?:@[^/\s]+\/)?[^/\s]+) (preinstall|install|postinstall)\$ /.exec(
    line,
  );
  if (ran !== null) return { name: ran[1] ?? '', event: ran[2] ?? '', skipped: false };
  return undefined;
}

export const pnpm: Manager = {
  id: 'pnpm',
  command: 'pnpm',
  lockfiles: ['pnpm-lock.yaml'],
  inputs: [
    '.npmrc',
    'pnpm-workspace.yaml',
    '.pnpmfile.cjs',
    '.pnpmfile.mjs',
    'pnpmfile.cjs',
    'patches',
    '.node-version',
  ],
  lifecycleEvents: [
    'pnpm:devPreinstall',
    'preinstall',
    'install',
    'postinstall',
    'preprepare',
    'prepare',
    'postprepare',
  ],
  check,
  programSource: (version, target) => {
    if (target.os === 'win32')
      throw new SalverError('E_PLATFORM_UNSUPPORTED', `no pnpm for ${formatTarget(target)}`);
    return programSource(version, target);
  },
  installs,
  environment: () => ({}),
  failures: FAILURES,
  seenScript,
};
