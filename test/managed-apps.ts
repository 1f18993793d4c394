// The apps in fixtures/managers, and the managers themselves in the versions that those apps pin.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, workspaceDirectory } from './product-harness.js';
import type { TreeDifference } from './product-harness.js';

export type ManagerName = 'pnpm' | 'yarn-classic' | 'yarn-berry' | 'bun';
export const MANAGERS: readonly ManagerName[] = ['pnpm', 'yarn-classic', 'yarn-berry', 'bun'];

/**
 * `web` serves requests and has bins; `addons` has prebuilt addons, an install script and a patched package; `monorepo` has two apps,
 * and what `monorepo-later` puts over it changes the lock, but only for the other app.
 */
export type AppName = 'web' | 'addons' | 'monorepo' | 'monorepo-later';

const fixtures = join(workspaceDirectory, 'fixtures', 'managers');

export function copyManagedApp(manager: ManagerName | 'npm', app: AppName, target: string): void {
  cpSync(join(fixtures, 'sources', app), target, { recursive: true });
  cpSync(join(fixtures, manager, app), target, { recursive: true });
}

/** Lock of a manager's app. */
export function lockOf(manager: ManagerName): string {
  return { pnpm: 'pnpm-lock.yaml', 'yarn-classic': 'yarn.lock', 'yarn-berry': 'yarn.lock', bun: 'bun.lock' }[
    manager
  ];
}

/** A manager that was fetched with npm, to compare with. */
export interface ManagerTool {
  /** Directory with the manager under its own name, for PATH. */
  readonly binDir: string;
  /** Installs for production, frozen, as its user would. */
  installProduction(appDir: string, env: Readonly<Record<string, string>>): Promise<void>;
}

const MUSL = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
const BUN_CPU = process.arch === 'arm64' ? 'aarch64' : process.arch;
const BUN_PACKAGE = `@oven/bun-${process.platform}-${BUN_CPU}${
  process.platform === 'linux' && MUSL?.header?.glibcVersionRuntime === undefined ? '-musl' : ''
}`;

interface ToolFacts {
  readonly packageName: string;
  readonly program: string;
  readonly command: string;
  readonly installs: readonly (readonly string[])[];
}

const TOOLS: Readonly<Record<ManagerName, ToolFacts>> = {
  pnpm: {
    packageName: 'pnpm',
    program: 'bin/pnpm.cjs',
    command: 'pnpm',
    installs: [['install', '--frozen-lockfile', '--prod', '--ignore-workspace']],
  },
  'yarn-classic': {
    packageName: 'yarn',
    program: 'bin/yarn.js',
    command: 'yarn',
    // The project's own `postinstall` needs a development package.
    installs: [['install', '--frozen-lockfile', '--production', '--ignore-scripts']],
  },
  'yarn-berry': {
    packageName: '@yarnpkg/cli-dist',
    program: 'bin/yarn.js',
    command: 'yarn',
    installs: [['workspaces', 'focus', '--all', '--production']],
  },
  bun: {
    packageName: BUN_PACKAGE,
    program: 'bin/bun',
    command: 'bun',
    installs: [['install', '--frozen-lockfile', '--production']],
  },
};

/** Fetches the version that the apps pin. */
export async function fetchManager(manager: ManagerName, directory: string): Promise<ManagerTool> {
  const { packageName, program, command, installs } = TOOLS[manager];
  const prefix = join(directory, manager);
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, 'package.json'), '{}');
  const args = ['install', '--no-save', '--ignore-scripts', `${packageName}@${pinnedVersion(manager)}`];
  await runCommand('npm', args, { cwd: prefix });
  const path = join(prefix, 'node_modules', packageName, program);
  const binDir = join(prefix, 'bin');
  mkdirSync(binDir);
  const runner = manager === 'bun' ? '' : `'${process.execPath}' `;
  writeFileSync(join(binDir, command), `#!/bin/sh\nexec ${runner}'${path}' "$@"\n`, { mode: 0o755 });
  return {
    binDir,
    async installProduction(appDir, env) {
      for (const words of installs) await runCommand(join(binDir, command), words, { cwd: appDir, env });
    },
  };
}

function pinnedVersion(manager: ManagerName): string {
  const path = join(fixtures, manager, 'web', 'package.json');
  const { packageManager } = JSON.parse(readFileSync(path, 'utf8')) as { packageManager: string };
  return packageManager.replace(/^.*@/, '').replace(/\+.*$/, '');
}

/** Where the managers keep their downloads: one place for a test file, away from the user's own. */
export function storeEnvironment(directory: string): Readonly<Record<string, string>> {
  return {
    npm_config_store_dir: join(directory, 'pnpm-store'),
    YARN_CACHE_FOLDER: join(directory, 'yarn-cache'),
    YARN_ENABLE_GLOBAL_CACHE: '0',
    YARN_ENABLE_TELEMETRY: '0',
    BUN_INSTALL_CACHE_DIR: join(directory, 'bun-cache'),
  };
}

interface ManagedRule {
  readonly why: string;
  /** `left` of a difference is the manager's side, `right` ours. */
  explains(difference: TreeDifference): boolean;
}

const STATE =
  /^node_modules\/(?:\.modules\.yaml|\.pnpm-workspace-state-v1\.json|\.pnpm\/lock\.yaml|\.yarn-integrity|\.yarn-state\.yml)$/;

const RULES: readonly ManagedRule[] = [
  {
    why: 'managers note there what they installed, with times and paths; nothing reads it at run time',
    explains: ({ path, right }) => right === undefined && STATE.test(path),
  },
  {
    why: 'pnpm writes shell scripts with absolute paths of the machine; links do the same and can be moved',
    explains: ({ path, left, right }) =>
      /(?:^|\/)node_modules\/\.bin\/[^/]+$/.test(path) && left?.kind === 'file' && right?.kind === 'symlink',
  },
  {
    why: "with yarn 1 the project's own postinstall patches it, which was not run for the comparison",
    explains: ({ path, left, right }) =>
      path === 'node_modules/kleur/index.js' && left?.kind === 'file' && right?.kind === 'file',
  },
];

/** The differences that nothing explains; the manager's tree is the left one. */
export function unexplained(
  manager: ManagerName,
  differences: readonly TreeDifference[],
): readonly TreeDifference[] {
  const rules = RULES.filter((_, index) => index !== 2 || manager === 'yarn-classic');
  return differences.filter((difference) => !rules.some((rule) => rule.explains(difference)));
}

/** What lies in node_modules directories. */
export function isInNodeModules(path: string): boolean {
  return path.split('/').includes('node_modules');
}
