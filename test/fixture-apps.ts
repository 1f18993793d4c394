// Private copies of the apps and lockfiles in fixtures/, and one place where downloads are kept for all of them.
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeTempDir, startCommand, workspaceDirectory } from './product-harness.js';
import type { TempDir } from './product-harness.js';

const fixturesDirectory = join(workspaceDirectory, 'fixtures');
const notesDirectory = join(fixturesDirectory, 'apps', 'notes');
const changesDirectory = join(fixturesDirectory, 'apps', 'notes-changes');

/** One row of fixtures/locks/cases.json. */
export interface LockCase {
  readonly name: string;
  /** True when install scripts must run, or the tree differs from npm's. */
  readonly scripts: boolean;
  readonly expect: 'ok' | 'out-of-sync';
  /** The lines in which npm says why it refuses. */
  readonly expectedMessage?: string;
}

export function readLockCases(): readonly LockCase[] {
  return JSON.parse(readFileSync(join(fixturesDirectory, 'locks', 'cases.json'), 'utf8')) as LockCase[];
}

export function copyLockCase(name: string, target: string): void {
  cpSync(join(fixturesDirectory, 'locks', name), target, { recursive: true });
}

/** Copies the demo app, version 1. With `backwards` its files are created in the opposite order. */
export function copyNotes(target: string, options: { readonly backwards?: boolean } = {}): void {
  if (options.backwards === true) copyBackwards(notesDirectory, target);
  else cpSync(notesDirectory, target, { recursive: true, filter: isSource });
}

function isSource(path: string): boolean {
  return basename(path) !== 'node_modules';
}

function copyBackwards(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source).filter(isSource).sort().reverse()) {
    if (statSync(join(source, name)).isDirectory()) copyBackwards(join(source, name), join(target, name));
    else cpSync(join(source, name), join(target, name));
  }
}

interface NotesProject {
  readonly dependencies: Record<string, string>;
  readonly allowScripts: Record<string, boolean>;
}

/** Takes the compiled dependency out of a copy of the demo app. */
export function removeCompiledDependency(appDir: string): void {
  cpSync(join(changesDirectory, 'without-compiler'), appDir, { recursive: true });
  editJson<NotesProject>(join(appDir, 'package.json'), (project) => {
    delete project.dependencies['xxhash'];
    delete project.allowScripts['xxhash'];
  });
  editJson<{ packages: Record<string, NotesProject> }>(join(appDir, 'package-lock.json'), ({ packages }) => {
    delete packages['']?.dependencies['xxhash'];
    delete packages['node_modules/xxhash'];
    delete packages['node_modules/nan'];
  });
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/** An app whose one dependency, `bigint-buffer`, is compiled against the stable Node-API. */
export function writeNodeApiApp(appDir: string): void {
  const lockfile = join(fixturesDirectory, 'locks', 'native-flagged', 'package-lock.json');
  const { packages } = JSON.parse(readFileSync(lockfile, 'utf8')) as Lock;
  const locations = ['bigint-buffer', 'bindings', 'file-uri-to-path'].map((name) => `node_modules/${name}`);
  const range = packages['']?.dependencies?.['bigint-buffer'];
  const root = { name: 'node-api', version: '1.0.0', dependencies: { 'bigint-buffer': range } };
  const kept = Object.fromEntries(locations.map((location) => [location, packages[location]]));
  const lock = {
    name: root.name,
    version: root.version,
    lockfileVersion: 3,
    packages: { '': root, ...kept },
  };
  mkdirSync(appDir, { recursive: true });
  writeFileSync(
    join(appDir, 'package.json'),
    JSON.stringify({ ...root, allowScripts: { 'bigint-buffer': true } }),
  );
  writeFileSync(join(appDir, 'package-lock.json'), JSON.stringify(lock));
}

/** Reads, changes and writes a JSON document. */
export function editJson<Document>(path: string, edit: (document: Document) => void): void {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Document;
  edit(document);
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`);
}

/** An npm cache that npm fills and Salver reads, so that the registry is asked for each tarball once. */
export interface DownloadCache {
  /** What a command needs to use it. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Opens the cache: the directory `SALVER_TEST_CACHE`, which is kept, so that several test files and runs can
 * share it, or else a temporary one.
 */
export function openDownloadCache(): DownloadCache {
  const shared = process.env['SALVER_TEST_CACHE'];
  const directory: TempDir =
    shared === undefined || shared === '' ? makeTempDir() : { path: shared, remove: () => undefined };
  return { env: { npm_config_cache: join(directory.path, 'npm') }, remove: () => directory.remove() };
}

/** Lets npm download all that an app's lock names, dev dependencies included, into the cache. */
export async function fillDownloadCache(appDir: string, cache: DownloadCache): Promise<void> {
  const temp = makeTempDir();
  try {
    cpSync(appDir, temp.path, { recursive: true });
    const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    await startCommand('npm', args, { cwd: temp.path, env: cache.env }).ended;
  } finally {
    temp.remove();
  }
}

const PROBE_TIMEOUT_MS = 30_000;

/** Why tests that need the npm registry cannot run, or undefined when they can. */
export async function registryProblem(): Promise<string | undefined> {
  return (await isPublished('kleur', '4.1.5')) ? undefined : 'the npm registry cannot be reached';
}

/** True when the registry can be reached and has this version. */
export async function isPublished(name: string, version: string): Promise<boolean> {
  const args = ['view', `${name}@${version}`, 'version', '--fetch-retries=0'];
  const { status, stdout } = await startCommand('npm', args, { timeoutMs: PROBE_TIMEOUT_MS }).ended;
  return status === 0 && stdout.trim() === version;
}

/** Why tests that compile cannot run, or undefined when they can. */
export async function compilerProblem(): Promise<string | undefined> {
  for (const tool of ['g++', 'make', 'python3']) {
    const { status } = await startCommand('sh', ['-c', `command -v ${tool}`]).ended;
    if (status !== 0) return `${tool} is not there`;
  }
  return undefined;
}
