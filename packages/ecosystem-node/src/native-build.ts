// Builds one package with install scripts: it and its dependency closure are laid out as private copies in a
// temporary directory, its scripts run there, and what they leave is trimmed to what running needs.
import { availableParallelism } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { BuildCache, FinishedUnit, PackEntry } from '@salver/core';
import { isAtOrBelow, linkEntry, printable, writeEntries } from '@salver/core';
import { isBuildLeftover } from './build-leftovers.js';
import { isSameEntry, listDiskEntries } from './disk-entries.js';
import { directoryEntries } from './entry-directories.js';
import { describePackage } from './fetch-package.js';
import type { PlannedBin } from './install-plan.js';
import { keepInsideLinks } from './inside-links.js';
import { runInstallScript } from './install-scripts.js';
import { packageFactsToJson } from './package-facts.js';
import type { PackageUnit } from './package-unit.js';
import type { ScriptRun } from './script-decision.js';
import type { ScriptEnvironment } from './script-env.js';
import { binTarget } from './plan-paths.js';

export interface NativeBuildInput {
  readonly cache: BuildCache;
  /** Key for the result. */
  readonly key: string;
  readonly unit: PackageUnit;
  readonly runs: readonly ScriptRun[];
  /** Units of the dependency closure by location, without the package itself. */
  readonly closure: ReadonlyMap<string, FinishedUnit>;
  /** Bin links of the production tree; those that lead into the closure are made. */
  readonly bins: readonly PlannedBin[];
  readonly environmentFor: (rootDir: string) => ScriptEnvironment;
  readonly signal: AbortSignal;
  readonly shell?: string;
  readonly onLine?: (line: string) => void;
  readonly warn: (text: string) => void;
}

/** Time that compilers write where they would write "now": that of the entries of an artifact. */
const SOURCE_DATE_EPOCH = '499162500';

/**
 * Runs the scripts and stores the result as a finished unit. Nothing is stored on failure.
 * Throws E_INSTALL_SCRIPT_FAILED, E_INTERRUPTED, E_DISK_FULL, E_FILE_SYSTEM.
 */
export async function buildPackage(input: NativeBuildInput): Promise<FinishedUnit> {
  return input.cache.withTempDir(async (directory) => {
    const rootDir = join(directory, 'build');
    mkdirSync(rootDir);
    const laidOut = layOutClosure(input, rootDir);
    const environment = input.environmentFor(rootDir);
    const script = input.runs.map((run) => run.script).join('\n');
    const variables = reproducibleVariables(rootDir, environmentOf(environment, rootDir), script);
    for (const run of input.runs) await runInstallScript(run, { ...input, rootDir, environment, variables });
    warnAboutOutsideFiles(input, rootDir, laidOut);
    return storeResult(input, rootDir);
  });
}

/** Writes all units and links; returns the paths that were written. */
function layOutClosure(
  { cache, unit, closure, bins }: NativeBuildInput,
  rootDir: string,
): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const content of [unit.content, ...closure.values()]) {
    const entries = cache.readUnit(content);
    writeEntries(rootDir, entries);
    for (const entry of entries) paths.add(entry.path);
  }
  const links = bins.filter((bin) => paths.has(binTarget(bin)));
  writeEntries(
    rootDir,
    links.map((bin) => linkEntry(bin.location, bin.linkTarget)),
  );
  for (const bin of links) paths.add(bin.location);
  return paths;
}

/** The environment that all scripts share, to append to what the user has set. */
function environmentOf(environment: ScriptEnvironment, rootDir: string): Readonly<Record<string, string>> {
  return environment({ packageDir: rootDir, manifest: {}, event: 'install', script: '' });
}

/**
 * Variables that make compilers give the same bytes in every directory, at every time.
 * The path goes into CPPFLAGS: gyp and configure scripts both add it, while setting CFLAGS would take
 * away the `-O2` that configure scripts use when it is empty. Only CMake does not read CPPFLAGS.
 */
export function reproducibleVariables(
  rootDir: string,
  environment: Readonly<Record<string, string>>,
  script: string,
): Readonly<Record<string, string>> {
  const flag = `-ffile-prefix-map=${rootDir}=.`;
  const append = (name: string): string => [environment[name], flag].filter(Boolean).join(' ');
  const flags: Record<string, string> = { CPPFLAGS: append('CPPFLAGS') };
  if (/cmake/.test(script)) Object.assign(flags, { CFLAGS: append('CFLAGS'), CXXFLAGS: append('CXXFLAGS') });
  return {
    ...flags,
    SOURCE_DATE_EPOCH: environment['SOURCE_DATE_EPOCH'] ?? SOURCE_DATE_EPOCH,
    ZERO_AR_DATE: '1',
    TZ: 'UTC',
    LC_ALL: 'C',
    // node-gyp compiles one file at a time unless told otherwise.
    JOBS: environment['JOBS'] ?? String(availableParallelism()),
  };
}

async function storeResult(input: NativeBuildInput, rootDir: string): Promise<FinishedUnit> {
  const { unit, cache } = input;
  const { location } = unit.item;
  const original = new Map(cache.readUnit(unit.content).map((entry) => [entry.path, entry]));
  const binPaths = new Set(input.bins.map((bin) => bin.location));
  const found = listDiskEntries({
    rootDir,
    location,
    skip: (path) => input.closure.has(path) || (binPaths.has(path) && !original.has(path)),
  });
  const kept = found.flatMap((entry) => {
    if (!isBuildLeftover(entry.path.slice(location.length + 1))) return [entry];
    // Some packages were published with leftovers of their author's build: those stay as published.
    const published = original.get(entry.path);
    return published === undefined ? [] : [published];
  });
  const entries = keepInsideLinks(kept, rootDir, (text) => input.warn(`${describe(input)}: ${text}`));
  const made = entries.filter((entry) => {
    const before = original.get(entry.path);
    return before === undefined || !isSameEntry(before, entry);
  });
  warnAboutBuildPath(made, rootDir, input);
  const nativeFiles = made.filter(isNativeFile).map(({ path }) => path);
  const more = unit.content.facts.dependencyDirectories.filter((path) => isAtOrBelow(path, location));
  return cache.storeUnit(input.key, [...directoryEntries(location, entries, { more }), ...entries], {
    ...packageFactsToJson(unit.facts),
    nativeFiles,
  });
}

/** ELF, and Mach-O in its usual forms. */
const NATIVE_MAGIC = new Set(['7f454c46', 'cffaedfe', 'cafebabe', 'feedfacf']);

function isNativeFile(entry: PackEntry): boolean {
  return (
    entry.kind === 'file' &&
    NATIVE_MAGIC.has(Buffer.from(entry.readSync(0, Math.min(4, entry.sizeBytes))).toString('hex'))
  );
}

/** Such a file differs with the directory it was built in, and names a directory that is gone. */
function warnAboutBuildPath(made: readonly PackEntry[], rootDir: string, input: NativeBuildInput): void {
  for (const entry of made) {
    if (entry.kind !== 'file' || !containsText(entry, rootDir)) continue;
    input.warn(
      `${describe(input)}: ${printable(entry.path)} names the directory it was built in; another build will differ`,
    );
  }
}

const SEARCH_BYTES = 1024 * 1024;

function containsText(entry: PackEntry, text: string): boolean {
  const needle = Buffer.from(text);
  // Windows overlap by the length of the text, so that it is found across their border.
  for (let offset = 0; offset < entry.sizeBytes; offset += SEARCH_BYTES) {
    const length = Math.min(SEARCH_BYTES + needle.length, entry.sizeBytes - offset);
    if (Buffer.from(entry.readSync(offset, length)).includes(needle)) return true;
  }
  return false;
}

/** Only the package's own directory is taken; what its scripts put elsewhere would be lost silently. */
function warnAboutOutsideFiles(input: NativeBuildInput, rootDir: string, laidOut: ReadonlySet<string>): void {
  const location = input.unit.item.location;
  const outside = listDiskEntries({
    rootDir,
    location: posix.dirname(location),
    skip: (path) => path === location,
  })
    .map(({ path }) => path)
    .filter((path) => !laidOut.has(path) && !path.includes('/.cache/'));
  if (outside.length === 0) return;
  input.warn(
    `${describe(input)}: its script wrote ${printable(outside[0] ?? '')}${outside.length > 1 ? ` and ${outside.length - 1} more` : ''} outside its directory; not shipped (do that step in the app's build)`,
  );
}

function describe(input: NativeBuildInput): string {
  return describePackage(input.unit.item);
}
