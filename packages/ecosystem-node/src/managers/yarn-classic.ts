// yarn 1: a hoisted node_modules, as npm's.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppWorkspace, FailurePattern, InstallRequest, InstallStep, Manager } from './manager.js';
import type { ManagerProject } from './read-project.js';

const UPDATE = 'run `yarn install` and commit yarn.lock';

const FAILURES: readonly FailurePattern[] = [
  {
    pattern: /Your lockfile needs to be updated/,
    code: 'E_LOCK_OUT_OF_SYNC',
    reason: 'yarn.lock does not agree with package.json',
    hint: UPDATE,
  },
  {
    pattern:
      /Invalid value type \d|Unknown token|(?:yarn\.lock|lockfile).*(?:Merge conflict|corrupt)|ParseError|SyntaxError.*yarn\.lock/i,
    code: 'E_LOCK_INVALID',
    reason: 'yarn.lock is damaged',
    hint: `restore it from version control, or ${UPDATE}`,
  },
  {
    pattern:
      /Integrity check failed|computed integrity doesn't match|Incorrect integrity|Hashes don't match|Bad hash/i,
    code: 'E_INTEGRITY_MISMATCH',
    reason: 'a package does not have the content that yarn.lock states',
    hint: 'compare the entry with the registry; do not install before you know why they differ',
  },
  {
    pattern:
      /Couldn't find (?:any versions for|a package|the binary)|in your offline mirror|in offline mode/i,
    code: 'E_REGISTRY_UNREACHABLE',
    reason: 'a package is not in the cache of yarn, and this build is offline',
    hint: 'build once with network access',
  },
  {
    pattern: /Request failed \\?"40[13]/,
    code: 'E_REGISTRY_DENIED',
    reason: 'the registry wants credentials',
    hint: 'check the token in .npmrc',
  },
  {
    pattern: /Request failed \\?"404/,
    code: 'E_PACKAGE_NOT_FOUND',
    reason: 'the registry does not have a package',
    hint: 'check the `resolved` addresses in yarn.lock',
  },
];

function installs({ kind, offline }: InstallRequest): readonly InstallStep[] {
  return [
    {
      args: [
        'install',
        '--frozen-lockfile',
        '--non-interactive',
        '--no-progress',
        '--mutex',
        `file:${mutexPath()}`,
        kind === 'production' ? '--production=true' : '--production=false',
        ...(offline ? ['--offline'] : []),
      ],
    },
  ];
}

/** Two yarn 1 at a time damage their cache, whichever caches of Salver they work for: builders take turns. */
function mutexPath(): string {
  return join(tmpdir(), `.salver-yarn-mutex-${process.getuid?.() ?? 0}`);
}

/** yarn 1 always installs for all workspaces: it is shown only those that the app needs. */
function rootManifestFor(
  { manifest }: ManagerProject,
  { closure }: AppWorkspace,
): Readonly<Record<string, unknown>> {
  const { name, version, license, resolutions } = manifest as Readonly<Record<string, unknown>>;
  return { name, version, license, resolutions, private: true, workspaces: closure };
}

function ignoresScripts({ files }: ManagerProject): boolean {
  const yarnrc = files.get('.yarnrc')?.bytes.toString('utf8') ?? '';
  const npmrc = files.get('.npmrc')?.bytes.toString('utf8') ?? '';
  return (
    /^\s*"?(?:--(?:install\.)?)?ignore-scripts"?\s+"?true/m.test(yarnrc) ||
    /^\s*ignore-scripts\s*=\s*true/m.test(npmrc)
  );
}

export const yarnClassic: Manager = {
  id: 'yarn-classic',
  command: 'yarn',
  lockfiles: ['yarn.lock'],
  inputs: ['.npmrc', '.yarnrc', '.yarnclean', 'patches'],
  lifecycleEvents: [
    'preinstall',
    'install',
    'postinstall',
    'prepublish',
    'preprepare',
    'prepare',
    'postprepare',
  ],
  check: () => undefined,
  rootManifestFor,
  programSource: () => ({ packageName: 'yarn', programPath: 'bin/yarn.js', hashOf: 'tarball' }),
  installs,
  environment: () => ({}),
  failures: FAILURES,
  runsScriptsSilently: (project) => !ignoresScripts(project),
};
