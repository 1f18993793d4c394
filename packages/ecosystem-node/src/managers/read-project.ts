// Everything that decides what a manager installs: package.json, the lock, the manager's own configuration,
// the package.json of workspaces, patches and `file:` dependencies. It is what is copied for an installation,
// and its digest is what the result is remembered under.
import { lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { SalverError, canonicalJson, errnoOf, fileSystemError, printable, sha256Hex } from '@salver/core';
import { resolveInProject } from '../lockfile-location.js';
import { isObject } from '../lockfile-shape.js';
import { parseManifest } from '../read-lockfile.js';
import type { RootManifest } from '../read-lockfile.js';
import { readMembers } from '../workspace-graph.js';
import type { WorkspaceMember } from '../workspace-graph.js';
import { findMembers } from './find-members.js';
import type { Manager } from './manager.js';
import { readPin } from './package-manager-pin.js';
import type { PackageManagerPin } from './package-manager-pin.js';

/** All input files of one project together. */
const INPUT_BYTES_MAX = 512 * 1024 * 1024;

export interface InputFile {
  readonly bytes: Buffer;
  readonly executable: boolean;
}

export interface ManagerProject {
  readonly projectDir: string;
  readonly manifest: RootManifest;
  readonly lockfile: string;
  readonly lockText: string;
  readonly pin: PackageManagerPin | undefined;
  /** Directories of workspace members, relative to the project. */
  readonly members: readonly string[];
  readonly memberManifests: readonly WorkspaceMember[];
  /** By path relative to the project. */
  readonly files: ReadonlyMap<string, InputFile>;
  /** Digest of all files, without what cannot matter (the app's version, its scripts). */
  readonly digest: string;
}

/**
 * Reads a project. Throws E_LOCK_MISSING, E_LOCK_INVALID (merge conflict), E_CONFIG_INVALID, E_PATH_UNSAFE,
 * E_LIMIT_EXCEEDED, E_FILE_SYSTEM.
 */
export async function readManagerProject(projectDir: string, manager: Manager): Promise<ManagerProject> {
  const reader = new InputReader(projectDir);
  const manifestFile = reader.add('package.json');
  if (manifestFile === undefined) throw noManifest(projectDir);
  const manifest = parseManifest(manifestFile.bytes.toString('utf8'), 'package.json');
  const lockfile = manager.lockfiles.find((name) => reader.add(name) !== undefined);
  if (lockfile === undefined) throw noLock(projectDir, manager);
  const lockText = reader.text(lockfile) ?? '';
  checkConflictMarkers(lockText, lockfile, manager);
  for (const path of manager.inputs) reader.addAll(path);
  const members = await findMembers(projectDir, manifest, reader.text('pnpm-workspace.yaml'));
  for (const member of members) {
    reader.add(`${member}/package.json`);
    reader.add(`${member}/.npmrc`);
  }
  for (const member of ['', ...members]) addLocalDependencies(reader, member);
  for (const path of patchFiles(manifest, [lockText, reader.text('pnpm-workspace.yaml') ?? ''])) {
    reader.addAll(path);
  }
  return {
    projectDir,
    manifest,
    lockfile,
    lockText,
    pin: readPin(manifest),
    members,
    memberManifests: readMembers(projectDir, members),
    files: reader.files,
    digest: digestOf(reader.files),
  };
}

/** Reads files of the project, each once, within a bound. */
class InputReader {
  readonly files = new Map<string, InputFile>();
  readonly #projectDir: string;
  #bytes = 0;

  constructor(projectDir: string) {
    this.#projectDir = projectDir;
  }

  text(path: string): string | undefined {
    return this.files.get(path)?.bytes.toString('utf8');
  }

  /** One file; undefined when there is none. */
  add(path: string): InputFile | undefined {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    try {
      const absolute = join(this.#projectDir, path);
      const stat = statSync(absolute);
      if (!stat.isFile()) return undefined;
      const file = { bytes: readFileSync(absolute), executable: (stat.mode & 0o100) !== 0 };
      this.#count(file.bytes.length);
      this.files.set(path, file);
      return file;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
      throw fileSystemError(error, `cannot read ${printable(path)}`);
    }
  }

  /** A file, or a directory with everything below but dependencies and git's own. */
  addAll(path: string): void {
    for (const name of this.#namesIn(path)) {
      if (name !== 'node_modules' && name !== '.git') this.addAll(`${path}/${name}`);
    }
    this.add(path);
  }

  #namesIn(path: string): readonly string[] {
    try {
      if (!lstatSync(join(this.#projectDir, path)).isDirectory()) return [];
      return readdirSync(join(this.#projectDir, path)).sort();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
      throw fileSystemError(error, `cannot read ${printable(path)}`);
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= INPUT_BYTES_MAX) return;
    throw new SalverError(
      'E_LIMIT_EXCEEDED',
      `the files that decide about dependencies exceed ${INPUT_BYTES_MAX} bytes`,
      { hint: 'look at `file:` dependencies and at the patches of the project' },
    );
  }
}

const DEPENDENCY_FIELDS = [
  'dependencies',
  'optionalDependencies',
  'devDependencies',
  'resolutions',
  'overrides',
] as const;

/** What `file:`, `link:` and `portal:` dependencies of one package.json name. */
function addLocalDependencies(reader: InputReader, member: string): void {
  const text = reader.text(posix.join(member, 'package.json'));
  if (text === undefined) return;
  const manifest = parseManifest(text, posix.join(member, 'package.json'));
  for (const field of DEPENDENCY_FIELDS) {
    const dependencies = manifest[field];
    if (!isObject(dependencies)) continue;
    for (const [name, spec] of Object.entries(dependencies)) {
      const match = typeof spec === 'string' ? /^(?:file|link|portal):(.+)$/.exec(spec) : null;
      if (match === null) continue;
      const path = resolveInProject(member, match[1] ?? '');
      if (path === undefined || path === '') throw outsideProject(name, String(spec));
      reader.addAll(path);
    }
  }
}

/** Files that `patchedDependencies` of package.json names, and those that locks and pnpm-workspace.yaml do. */
function patchFiles(manifest: RootManifest, texts: readonly string[]): readonly string[] {
  const pnpm = isObject(manifest['pnpm']) ? manifest['pnpm'] : {};
  const lists = [manifest['patchedDependencies'], pnpm['patchedDependencies']];
  const listed = lists.flatMap((list) => (isObject(list) ? Object.values(list) : []));
  const named = texts.flatMap((text) => [...text.matchAll(PATCH_FILE)].map(([, path]) => path));
  return [...listed, ...named].flatMap((path) =>
    typeof path === 'string' ? (resolveInProject('', path) ?? []) : [],
  );
}

/** `path: patches/a.patch` in locks of pnpm, `#~/.yarn/patches/a.patch` in those of yarn. */
const PATCH_FILE = /(?:[\s"']|#(?:~\/|optional!)?)([^\s"'#]+\.(?:patch|diff))(?=$|[\s"':])/gm;

/** Fields of package.json that no manager looks at when it installs. */
const IDLE_FIELDS = ['version', 'scripts', 'description', 'keywords', 'author', 'license', 'homepage'];
const IDLE_ROOT_FIELDS = [...IDLE_FIELDS, 'repository', 'bugs', 'contributors', 'salver'];

function digestOf(files: ReadonlyMap<string, InputFile>): string {
  const rows = [...files].map(([path, { bytes, executable }]) => {
    const content = posix.basename(path) === 'package.json' ? essence(path, bytes) : bytes;
    return [path, executable, sha256Hex(content)];
  });
  return sha256Hex(canonicalJson(rows.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))));
}

/** A release that only raises its version installs the same dependencies. */
function essence(path: string, bytes: Buffer): Buffer | string {
  try {
    const manifest: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    if (!isObject(manifest)) return bytes;
    const idle = path === 'package.json' ? IDLE_ROOT_FIELDS : ['scripts'];
    return JSON.stringify(Object.entries(manifest).filter(([key]) => !idle.includes(key)));
  } catch {
    return bytes;
  }
}

function checkConflictMarkers(lockText: string, lockfile: string, manager: Manager): void {
  // pnpm and yarn 1 would merge the two sides by themselves: into something that nobody has tested.
  if (!/^(?:<{7}|>{7}) /m.test(lockText)) return;
  throw new SalverError('E_LOCK_INVALID', `${lockfile} has merge conflict markers`, {
    hint: `resolve the conflict, run \`${manager.command} install\` and commit ${lockfile}`,
    facts: { lockfile },
  });
}

function noManifest(projectDir: string): SalverError {
  return new SalverError('E_CONFIG_INVALID', 'no package.json in the project', {
    hint: 'run the command in the directory of your app, or name it',
    facts: { projectDir },
  });
}

function noLock(projectDir: string, { lockfiles, command }: Manager): SalverError {
  return new SalverError('E_LOCK_MISSING', `no ${lockfiles.join(' or ')} in the project`, {
    hint: `package.json pins ${command}: run \`${command} install\` and commit ${lockfiles[0] ?? 'the lock'}`,
    facts: { projectDir },
  });
}

function outsideProject(name: string, spec: string): SalverError {
  return new SalverError(
    'E_PATH_UNSAFE',
    `the dependency ${printable(name)} lies outside the project: ${printable(spec)}`,
    { hint: 'a release is made of one directory: move the dependency into it, or publish it' },
  );
}
