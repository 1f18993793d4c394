// yarn 2 and later with `nodeLinker: node-modules`. Plug'n'Play is refused: without node_modules there is nothing that
// `node server.js` would find.
import { posix } from 'node:path';
import { SalverError, printable } from '@salver/core';
import type {
  AppWorkspace,
  FailurePattern,
  InstallRequest,
  InstallStep,
  Manager,
  SeenScript,
} from './manager.js';
import type { ManagerProject } from './read-project.js';

const UPDATE = 'run `yarn install` and commit yarn.lock';

const FAILURES: readonly FailurePattern[] = [
  {
    pattern: /YN0028/,
    code: 'E_LOCK_OUT_OF_SYNC',
    reason: 'yarn.lock does not agree with package.json',
    hint: UPDATE,
  },
  {
    pattern: /YN0018|checksum.*(?:mismatch|doesn't match)/i,
    code: 'E_INTEGRITY_MISMATCH',
    reason: 'a package does not have the content that yarn.lock states',
    hint: 'compare the entry with the registry; do not install before you know why they differ',
  },
  {
    pattern: /YN0080|Network access .*(?:disabled|blocked|not allowed)/i,
    code: 'E_REGISTRY_UNREACHABLE',
    reason: 'a package is not in the cache of yarn, and this build is offline',
    hint: 'build once with network access',
  },
  {
    pattern: /YN0009/,
    code: 'E_INSTALL_SCRIPT_FAILED',
    reason: 'the install script of a dependency failed',
    hint: 'read its output; install the compiler or library it asks for',
  },
  {
    pattern: /YN0041|YN0033/,
    code: 'E_REGISTRY_DENIED',
    reason: 'the registry wants credentials',
    hint: 'check `npmAuthToken` in .yarnrc.yml',
  },
  {
    pattern: /YN0035|Package not found/,
    code: 'E_PACKAGE_NOT_FOUND',
    reason: 'the registry does not have a package',
    hint: 'check `npmRegistryServer` in .yarnrc.yml',
  },
  {
    pattern:
      /YAMLException|YN0074|Parse error when loading|SyntaxError: .*yarn\.lock|Syntax Error.*(?:yarn\.lock|Expected)|Failed to parse/i,
    code: 'E_LOCK_INVALID',
    reason: 'yarn.lock is damaged',
    hint: `restore it from version control, or ${UPDATE}`,
  },
];

function check(project: ManagerProject, env: Readonly<Record<string, string | undefined>>): void {
  const linker = setting(project, 'nodeLinker') ?? env['YARN_NODE_LINKER'] ?? 'pnp';
  if (linker === 'node-modules') return;
  throw new SalverError(
    'E_LOCK_UNSUPPORTED',
    linker === 'pnp'
      ? 'the project is set up for Plug’n’Play, which has no node_modules'
      : `the project is set up for nodeLinker ${printable(linker)}`,
    {
      hint: 'set `nodeLinker: node-modules` in .yarnrc.yml, run `yarn install` and commit the result',
      facts: { nodeLinker: printable(linker) },
    },
  );
}

/** A plain setting at the top level of .yarnrc.yml. */
function setting({ files }: ManagerProject, name: string): string | undefined {
  const text = files.get('.yarnrc.yml')?.bytes.toString('utf8') ?? '';
  const match = new RegExp(`^${name}\\s*:\\s*["']?([^"'#\\r\\n]+?)["']?\\s*(?:#.*)?$`, 'm').exec(text);
  return match?.[1];
}

/** The release that the project has checked in. */
function ownProgram(project: ManagerProject): string | undefined {
  const path = setting(project, 'yarnPath');
  if (path === undefined) return undefined;
  const normal = posix.normalize(path);
  if (project.files.has(normal)) return normal;
  throw new SalverError('E_TOOL_MISSING', `.yarnrc.yml: yarnPath ${printable(path)} is not in the project`, {
    hint: 'commit .yarn/releases, or remove yarnPath and pin the version: "packageManager" in package.json',
  });
}

/**
 * `focus` has no frozen mode: whether the lock agrees is found out before, by asking for an update of it. In this mode
 * nothing is linked, and nothing fetched that the lock knows. yarn 2 and 3 have `focus` only in a plugin.
 */
function installs({ kind, version, workspace }: InstallRequest): readonly InstallStep[] {
  if (kind === 'full') return [{ args: ['install', '--immutable'] }];
  const major = Number(version.split('.')[0]);
  const check = {
    args: ['install', ...(major === 2 ? ['--immutable', '--skip-builds'] : ['--mode=update-lockfile'])],
  };
  if (major === 2 || major === 3) return [check, { args: ['install'], withoutDevelopment: true }];
  const which = workspace === undefined ? '--all' : workspace.name;
  return [check, { args: ['workspaces', 'focus', which, '--production'] }];
}

/** For yarn 2 and 3 in the place of `focus`: only what the app needs is there. */
function rootManifestFor(
  { manifest }: ManagerProject,
  { closure }: AppWorkspace,
): Readonly<Record<string, unknown>> {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies, ...rest } = manifest;
  void [dependencies, devDependencies, optionalDependencies, peerDependencies];
  return { ...rest, workspaces: closure };
}

function environment({ offline }: InstallRequest): Readonly<Record<string, string>> {
  return {
    YARN_IGNORE_PATH: '1',
    // On build servers this is set by default, and would forbid the question whether the lock is up to date.
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_PROGRESS_BARS: '0',
    YARN_ENABLE_HYPERLINKS: '0',
    YARN_ENABLE_INLINE_BUILDS: '1',
    ...(offline ? { YARN_ENABLE_NETWORK: '0' } : {}),
  };
}

/** `➤ YN0007: │ bcrypt@npm:5.1.1 must be built because …` */
function seenScript(line: string): SeenScript | undefined {
  const match =
    /YN000([457]):.*?((?:@[^/\s@]+\/)?[^/\s@│]+)@[^\s]+ (?:must be built|must be rebuilt|lists build scripts)/.exec(
      line,
    );
  return match === null ? undefined : { name: match[2] ?? '', skipped: match[1] !== '7' };
}

export const yarnBerry: Manager = {
  id: 'yarn-berry',
  command: 'yarn',
  lockfiles: ['yarn.lock'],
  inputs: [
    '.npmrc',
    '.yarnrc.yml',
    '.yarn/releases',
    '.yarn/plugins',
    '.yarn/patches',
    '.yarn/cache',
    'patches',
  ],
  lifecycleEvents: ['preinstall', 'install', 'postinstall'],
  check,
  ownProgram,
  programSource: () => ({ packageName: '@yarnpkg/cli-dist', programPath: 'bin/yarn.js', hashOf: 'program' }),
  installs,
  rootManifestFor,
  rootManifestWhen: 'without development',
  environment,
  failures: FAILURES,
  seenScript,
};
