// One workspace of a larger repository as the app: which files of the repository ship with it, and where the paths and
// commands of its own configuration lie in a release that keeps the repository's directories.
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import picomatch from 'picomatch';
import { SalverError, printable } from '@salver/core';
import type { EcosystemPlan, HostSettings } from '@salver/core';
import type { BuildConfig } from './load-config.js';
import { readJsonFile } from './project-json.js';

/** Which files ship. */
export interface WorkspaceScope {
  /** Directory of the app, relative to the repository. */
  readonly directory: string;
  ships(path: string): boolean;
}

/** The directory as the ecosystems expect it: `apps/web`. Throws E_USAGE when no package lies there. */
export function workspaceDirectory(projectDir: string, given: string): string {
  const directory = posix.normalize(given).replace(/\/+$/, '');
  const isInside = directory !== '.' && !posix.isAbsolute(directory) && !directory.startsWith('..');
  if (isInside && existsSync(join(projectDir, directory, 'package.json'))) return directory;
  throw new SalverError('E_USAGE', `there is no workspace ${printable(given)} in ${projectDir}`, {
    hint: 'name its directory, relative to the top of the repository: --workspace apps/web',
  });
}

/** The configuration of a workspace, written for its own directory, in terms of the whole release. */
export function relocateConfig(config: BuildConfig, directory: string): BuildConfig {
  const below = (path: string): string => posix.join(directory, path);
  const { include, exclude } = config.files;
  return {
    ...config,
    files: { include: include.map(below), exclude: exclude.map(below) },
    assets: config.assets.map((each) => ({ ...each, directory: below(each.directory) })),
    secrets: { allow: config.secrets.allow.map((each) => ({ ...each, path: below(each.path) })) },
    host: relocateHost(config.host, directory),
  };
}

function relocateHost(host: HostSettings, directory: string): HostSettings {
  const { start, shared, hooks } = host;
  const enter = `cd ${/^[\w./@+-]+$/.test(directory) ? directory : `'${directory.replaceAll("'", `'\\''`)}'`} && `;
  const rules = Object.entries(hooks ?? {}).map(([name, rule]) => [
    name,
    rule.run === undefined ? rule : { ...rule, run: enter + rule.run },
  ]);
  return {
    ...host,
    ...(start === undefined ? {} : { start: enter + start }),
    ...(shared === undefined ? {} : { shared: shared.map((path) => posix.join(directory, path)) }),
    ...(hooks === undefined
      ? {}
      : { hooks: Object.fromEntries(rules) as NonNullable<HostSettings['hooks']> }),
  };
}

export interface ScopeOptions {
  readonly projectDir: string;
  /** Directory of the app. */
  readonly directory: string;
  readonly plans: readonly EcosystemPlan[];
  /** Patterns of files that ship wherever they lie, relative to the repository. */
  readonly include: readonly string[];
}

/** All files of the app, and of the workspaces that it needs what running needs. */
export function workspaceScope({ projectDir, directory, plans, include }: ScopeOptions): WorkspaceScope {
  const needed = new Set(plans.flatMap((plan) => plan.workspaces ?? []));
  needed.delete(directory);
  const rules = new Map([...needed].map((each) => [each, siblingRule(projectDir, each)]));
  const isIncluded = filesMatcher(include);
  return {
    directory,
    ships(path) {
      if (isIncluded(path)) return true;
      // The nearest directory decides: workspaces may lie in each other.
      for (let place = path; place !== '.'; place = posix.dirname(place)) {
        if (place === directory) return true;
        const rule = rules.get(place);
        if (rule !== undefined) return rule(path.slice(place.length + 1));
      }
      return false;
    },
  };
}

/** What nobody imports from a package. */
const TESTS =
  /(?:^|\/)(?:__tests__|__mocks__|__snapshots__|tests?|e2e)\/|\.(?:test|spec|stories|snap)(?:\.[^/]+)?$/;

/** As in a published package: what `files` names; without that list everything but tests. */
function siblingRule(projectDir: string, directory: string): (path: string) => boolean {
  const manifest = (readJsonFile(join(projectDir, directory, 'package.json'), `${directory}/package.json`) ??
    {}) as { readonly files?: unknown; readonly main?: unknown; readonly bin?: unknown };
  const { files, main, bin } = manifest;
  const bins: readonly unknown[] = typeof bin === 'object' && bin !== null ? Object.values(bin) : [bin];
  const entryPoints = new Set(
    [main, ...bins].flatMap((path) => (typeof path === 'string' ? [posix.normalize(path)] : [])),
  );
  const isAlways = (path: string): boolean => path === 'package.json' || entryPoints.has(path);
  if (!Array.isArray(files)) return (path) => isAlways(path) || !TESTS.test(path);
  const isListed = filesMatcher(files.filter((pattern) => typeof pattern === 'string'));
  return (path) => isAlways(path) || isListed(path);
}

function filesMatcher(patterns: readonly string[]): (path: string) => boolean {
  // Written as people write them: `./dist/`, `/lib`, and `.` for everything.
  const clean = (pattern: string): string =>
    posix.join('.', pattern.replace(/^!/, '/')).replace(/^\/+|\/+$/g, '');
  const withContent = (pattern: string): string[] =>
    ['', '.'].includes(clean(pattern)) ? ['**'] : [clean(pattern), `${clean(pattern)}/**`];
  const isNegative = (pattern: string): boolean => pattern.startsWith('!');
  const wanted = patterns.filter((pattern) => !isNegative(pattern)).flatMap(withContent);
  const unwanted = patterns.filter(isNegative).flatMap(withContent);
  if (wanted.length === 0) return () => false;
  const isWanted = picomatch(wanted, { dot: true });
  const isUnwanted = unwanted.length === 0 ? () => false : picomatch(unwanted, { dot: true });
  return (path) => isWanted(path) && !isUnwanted(path);
}
