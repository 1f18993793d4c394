// The manager's own program in the version that the project pins: the one the project holds, the one on PATH,
// or else fetched from the registry as a package, like any other.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { EcosystemContext, PackEntry, StoredDownload } from '@salver/core';
import { SalverError, isSalverError, printable, runCommand, writeEntries } from '@salver/core';
import { PackageFetcher } from '../fetch-package.js';
import type { NpmOptions } from '../npm-options.js';
import { withTarBytes } from '../tar-bytes.js';
import { readTarball } from '../tarball-reader.js';
import { transcodePackage } from '../transcode-package.js';
import type { Manager, ProgramSource } from './manager.js';
import type { PackageManagerPin } from './package-manager-pin.js';
import type { ManagerProject } from './read-project.js';

export interface ProgramContext {
  readonly context: EcosystemContext;
  readonly npmOptions: NpmOptions;
  readonly manager: Manager;
  readonly project: ManagerProject;
}

/** A program that can be started. */
export interface ManagerProgram {
  readonly version: string;
  /** Command line without arguments. */
  readonly commandLine: readonly string[];
  /** Directory for PATH in which the manager is found under its name; undefined when PATH has it. */
  readonly binDir?: string;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The version that is going to run, without fetching anything. A project that pins none is installed with what PATH
 * has, and is told so. Throws E_TOOL_MISSING.
 */
export async function programVersion(input: ProgramContext): Promise<string> {
  const { context, manager, project } = input;
  const version = pinFor(input)?.version ?? versionInName(manager.ownProgram?.(project));
  if (version !== undefined) return version;
  const found = await versionOnPath(input);
  if (found === undefined) throw missing(manager);
  context.progress.warn(
    `package.json does not pin ${manager.command}: using ${found} from PATH; add "packageManager": "${manager.command}@${found}"`,
  );
  return found;
}

/**
 * Makes the program ready; what must be unpacked goes to `directory`.
 * Throws E_TOOL_MISSING, E_INTEGRITY_MISMATCH and what fetching a package throws.
 */
export async function prepareProgram(
  input: ProgramContext,
  version: string,
  directory: string,
): Promise<ManagerProgram> {
  const { manager, project, context } = input;
  const own = manager.ownProgram?.(project);
  if (own !== undefined) {
    const path = join(directory, 'own.cjs');
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, project.files.get(own)?.bytes ?? '');
    return { version, ...linkProgram([process.execPath, path], manager, directory) };
  }
  // A hash is a promise about the bytes, which a program that was installed some other way cannot keep.
  const pin = pinFor(input);
  if (pin?.hash === undefined && (await versionOnPath(input)) === version) {
    return { version, commandLine: [manager.command] };
  }
  const source = manager.programSource(version, context.target);
  const tarball = await fetchProgram(input, source, version);
  if (source.hashOf === 'tarball') checkHash(pin, tarball.path, describe(manager, version));
  const path = await unpack(input, tarball, source, directory);
  if (source.hashOf === 'program') checkHash(pin, path, describe(manager, version));
  if (source.hashOf === 'another package' && pin?.hash !== undefined) {
    context.progress.warn(
      `the hash of "packageManager" is not checked: it is that of the package ${manager.command}, and ${source.packageName} was fetched`,
    );
  }
  const isScript = /\.[cm]?js$/.test(path);
  const commandLine = isScript ? [process.execPath, path] : [path];
  return { version, ...linkProgram(commandLine, manager, directory) };
}

function pinFor({ project, manager }: ProgramContext): PackageManagerPin | undefined {
  return project.pin?.name === manager.command ? project.pin : undefined;
}

/** `.yarn/releases/yarn-4.9.2.cjs` */
function versionInName(path: string | undefined): string | undefined {
  return path === undefined ? undefined : (/-(\d+\.\d+\.\d+[^/]*)\.c?js$/.exec(path)?.[1] ?? 'own');
}

/** Small programs by the manager's name, so that scripts find it, whatever they call. */
function linkProgram(
  commandLine: readonly string[],
  manager: Manager,
  directory: string,
): Pick<ManagerProgram, 'commandLine' | 'binDir'> {
  const binDir = join(directory, 'bin');
  mkdirSync(binDir, { recursive: true });
  const words = commandLine.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  writeFileSync(join(binDir, manager.command), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return { commandLine, binDir };
}

/** The program itself is asked, not another version that it would fetch or start in its place. */
const PROBE_ENVIRONMENT = {
  COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  YARN_IGNORE_PATH: '1',
  npm_config_manage_package_manager_versions: 'false',
  npm_config_pm_on_fail: 'ignore',
  pnpm_config_pm_on_fail: 'ignore',
};

/** What `--version` says in the project: corepack's shims look there which version is wanted. */
async function versionOnPath({ context, manager }: ProgramContext): Promise<string | undefined> {
  const { env, projectDir, signal } = context;
  const isThere = (env['PATH'] ?? '')
    .split(delimiter)
    .some((directory) => directory !== '' && existsSync(join(directory, manager.command)));
  if (!isThere) return undefined;
  const defined = Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const { exitCode, tail } = await runCommand({
    command: `${manager.command} --version`,
    cwd: projectDir,
    env: { ...Object.fromEntries(defined), ...PROBE_ENVIRONMENT },
    signal,
  });
  const last = tail.at(-1)?.trim() ?? '';
  return exitCode === 0 && /^\d+\.\d+\.\d+/.test(last) ? last : undefined;
}

async function fetchProgram(
  { context, npmOptions, manager }: ProgramContext,
  { packageName }: ProgramSource,
  version: string,
): Promise<StoredDownload> {
  const fetcher = new PackageFetcher({ ...context, settings: {}, npmOptions });
  const step = context.progress.step(`fetching ${describe(manager, version)}`);
  try {
    return await fetcher.fetch({
      location: `node_modules/${packageName}`,
      name: packageName,
      version,
      source: { kind: 'registry' },
      production: true,
      optional: false,
      hasInstallScript: false,
      bin: {},
      dependencyLocations: [],
      scriptsAllowed: undefined,
    });
  } catch (error) {
    if (!isSalverError(error, 'E_PACKAGE_NOT_FOUND')) throw error;
    throw new SalverError('E_TOOL_MISSING', `the registry has no ${describe(manager, version)}`, {
      hint: 'correct "packageManager" in package.json',
      cause: error,
    });
  } finally {
    step.end();
  }
}

/** Unpacks the package; returns the path of the program. */
async function unpack(
  { context, manager }: ProgramContext,
  tarball: StoredDownload,
  { packageName, programPath }: ProgramSource,
  directory: string,
): Promise<string> {
  const description = printable(packageName);
  const withTempDir = context.cache.withTempDir.bind(context.cache);
  await withTarBytes(tarball.path, { description, withTempDir }, (tar) => {
    const files = readTarball(tar, { description });
    const bins = new Set([programPath]);
    const { entries } = transcodePackage({
      location: 'package',
      files,
      tar,
      bins,
      executables: NOTHING,
      excluded: NOTHING,
    });
    writeEntries(directory, entries satisfies readonly PackEntry[]);
    return Promise.resolve();
  });
  const path = join(directory, 'package', programPath);
  if (existsSync(path)) return path;
  throw new SalverError('E_TOOL_MISSING', `the package ${description} has no ${programPath}`, {
    hint: `install ${manager.command} yourself, so that it is on PATH in the version that package.json pins`,
  });
}

function checkHash(pin: PackageManagerPin | undefined, path: string, what: string): void {
  if (pin?.hash === undefined) return;
  const { algorithm, hex } = pin.hash;
  const actual = createHash(algorithm).update(readFileSync(path)).digest('hex');
  if (actual === hex) return;
  throw new SalverError('E_INTEGRITY_MISMATCH', `${what} does not have the hash that package.json pins`, {
    hint: 'correct "packageManager" in package.json if the version was changed by hand; else do not trust the registry',
    facts: { expected: `${algorithm}.${hex}`, actual: `${algorithm}.${actual}` },
  });
}

function describe({ command }: Manager, version: string): string {
  return printable(`${command}@${version}`);
}

function missing({ command }: Manager): SalverError {
  return new SalverError('E_TOOL_MISSING', `${command} is not on PATH, and package.json does not pin it`, {
    hint: `add "packageManager": "${command}@<version>" to package.json: Salver then fetches that version`,
  });
}
