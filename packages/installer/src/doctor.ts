// `doctor`: everything that can be known to be wrong with a root, without changing it.
import { accessSync, constants, lstatSync, statSync, statfsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { errnoOf, isSalverError } from '@salver/core';
import { findLeftovers } from './clear-leftovers.js';
import { readContracts } from './contract-guard.js';
import { environmentProblems } from './env-contract.js';
import { readEnvFile } from './env-file.js';
import { askPython } from './host-python.js';
import { hostPaths, releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { isSettled, readJournal } from './journal.js';
import { readPins } from './pins.js';
import { requireRoot } from './prepare-root.js';
import { pythonLinkProblem } from './python-links.js';
import type { Environment } from './release-environment.js';
import { currentRelease } from './release-links.js';
import { readReleaseFacts } from './release-facts.js';
import { installedReleases } from './release-reference.js';
import { readManifestOrNone } from './require-release.js';
import { rootStatus } from './root-status.js';
import { sharedPathsOf } from './shared-paths.js';
import { examineTrust } from './trust/examine-trust.js';
import { readHistory } from './verify-history.js';

/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly detail: string;
}

const MIB = 1024 * 1024;
const FREE_BYTES_LOW = 256 * MIB;
const FREE_INODES_LOW = 5_000;

/** Looks at everything. Throws E_RELEASE_NOT_FOUND when nothing was ever installed there. */
export function examineRoot(root: string, env: Environment = process.env): readonly Finding[] {
  const paths = hostPaths(root);
  requireRoot(paths);
  return EXAMINATIONS.flatMap(([check, examine]) => {
    try {
      const found = examine(paths, env);
      return found.length > 0
        ? found.map((finding) => ({ check, ...finding }))
        : [{ check, state: 'ok', detail: '' } as const];
    } catch (error) {
      if (!isSalverError(error) && errnoOf(error) === undefined) throw error;
      return [{ check, state: 'problem', detail: (error as Error).message } as const];
    }
  });
}

type Found = readonly Omit<Finding, 'check'>[];

const problem = (detail: string): Omit<Finding, 'check'> => ({ state: 'problem', detail });
const warning = (detail: string): Omit<Finding, 'check'> => ({ state: 'warning', detail });

const EXAMINATIONS: readonly (readonly [
  check: string,
  examine: (paths: HostPaths, env: Environment) => Found,
])[] = [
  ['directories', examineDirectories],
  ['links', (paths) => rootStatus(paths.root).problems.map(problem)],
  ['journal', examineJournal],
  ['leftovers', (paths) => findLeftovers(paths).map((path) => warning(`${path} is left of a run that died`))],
  ['records', examineRecords],
  ['history', examineHistory],
  ['notes', (paths) => (readContracts(paths), readPins(paths), [])],
  ['room', examineRoom],
  ['settings', examineSettings],
  ['shared paths', examineShared],
  ['python', examinePython],
  ['trust', (paths) => examineTrust(paths, isInstalled)],
  ['tools', examineTools],
];

function examineDirectories(paths: HostPaths): Found {
  const device = statSync(paths.root).dev;
  return [paths.root, paths.releases, paths.state, paths.staging, paths.records].flatMap((directory) => {
    if (statSync(directory).dev !== device) return [problem(`${directory} is on another file system`)];
    try {
      accessSync(directory, constants.W_OK | constants.X_OK);
      return [];
    } catch (error) {
      return [problem(`${directory} cannot be written: ${errnoOf(error) ?? 'error'}`)];
    }
  });
}

function examineJournal(paths: HostPaths): Found {
  const isThere = lstatSync(paths.journal, { throwIfNoEntry: false }) !== undefined;
  const journal = readJournal(paths);
  if (isThere && journal === undefined) return [problem(`${paths.journal} cannot be read`)];
  if (isSettled(journal)) return [];
  return [
    problem(`the activation of ${journal?.to ?? ''} is not finished: \`salver-host recover\` settles it`),
  ];
}

function examineRecords(paths: HostPaths): Found {
  return installedReleases(paths)
    .filter((release) => readReleaseFacts(paths, release) === undefined)
    .map((release) => warning(`${release} has no record: installing its artifact again adds it`));
}

function examineHistory(paths: HostPaths): Found {
  const { lines, problems, tornBytes } = readHistory(paths);
  const journal = readJournal(paths);
  const isMissing =
    journal?.phase === 'done' && lines.length > 0 && !lines.some((line) => line.txid === journal.txid);
  return [
    ...problems.slice(0, 10).map(problem),
    ...(tornBytes > 0 ? [warning(`the last line is torn (${tornBytes} bytes): a power cut`)] : []),
    ...(isMissing
      ? [warning(`the act ${journal.txid} is not there: the disk was full, or lines are missing at the end`)]
      : []),
  ];
}

function examineRoom(paths: HostPaths): Found {
  const system = statfsSync(paths.root);
  const freeBytes = system.bavail * system.bsize;
  return [
    ...(freeBytes < FREE_BYTES_LOW ? [warning(`only ${Math.floor(freeBytes / MIB)} MiB are free`)] : []),
    ...(system.files > 0 && system.ffree < FREE_INODES_LOW
      ? [warning(`only ${system.ffree} inodes are free`)]
      : []),
  ];
}

function examineSettings(paths: HostPaths, env: Environment): Found {
  const stats = statSync(paths.envFile, { throwIfNoEntry: false });
  const readableByAll = stats !== undefined && (stats.mode & 0o004) !== 0;
  if (stats !== undefined) readEnvFile(paths.envFile);
  const current = currentRelease(paths);
  const manifest = current === undefined ? undefined : readManifestOrNone(paths, current);
  return [
    ...(readableByAll ? [warning(`${paths.envFile} can be read by every user: chmod 600`)] : []),
    ...(manifest === undefined ? [] : environmentProblems(paths, manifest, env).map(problem)),
  ];
}

function examineShared(paths: HostPaths): Found {
  const current = currentRelease(paths);
  const manifest = current === undefined ? undefined : readManifestOrNone(paths, current);
  if (manifest === undefined) return [];
  return sharedPathsOf(manifest).paths.flatMap((path) => {
    try {
      accessSync(`${paths.shared}/${path}`, constants.W_OK);
      return [];
    } catch (error) {
      return [problem(`${paths.shared}/${path}: ${errnoOf(error) ?? 'error'}`)];
    }
  });
}

/** Is the interpreter that the current release is linked to there, and still what the release needs? */
function examinePython(paths: HostPaths): Found {
  const current = currentRelease(paths);
  const needs = current === undefined ? undefined : readManifestOrNone(paths, current)?.needs.python;
  if (current === undefined || needs === undefined) return [];
  const tree = releasePath(paths, current);
  const missing = pythonLinkProblem(tree, needs);
  if (missing !== undefined) return [problem(missing)];
  const found = askPython(`${tree}/.venv/bin/python`);
  if (found === undefined) return [problem('the Python of the release does not run')];
  if (found.version.startsWith(`${needs.version}.`) && found.soabi === needs.soabi) return [];
  return [
    problem(
      `the release needs Python ${needs.version} (${needs.soabi}); its link leads to ${found.version} (${found.soabi})`,
    ),
  ];
}

function examineTools(): Found {
  return [
    ['flock', 'locks are hard links instead'],
    ['sync', 'files are synced one by one, which takes longer'],
  ].flatMap(([tool = '', without = '']) =>
    isInstalled(tool) ? [] : [warning(`${tool} is not installed: ${without}`)],
  );
}

function isInstalled(tool: string): boolean {
  return errnoOf(spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) !== 'ENOENT';
}
