// What this host offers, looked up only as far as a release asks for it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { hostPaths } from './host-paths.js';
import { configuredPython, findPython } from './host-python.js';
import type { PythonFacts } from './host-python.js';
import { isExecutable } from './is-executable.js';
import { compareVersions, formatTarget, hostGlibcVersion, hostTarget } from '@salver/core';

/** The Node that will run the app. */
export interface NodeFacts {
  /** `20.19.4`. */
  readonly version: string;
  /** NODE_MODULE_VERSION. */
  readonly modules: number;
}

/** A host, as far as releases have needs. Each question is answered when asked. */
export interface HostFacts {
  readonly target: string;
  /** Undefined where libc is not glibc. */
  glibc(): string | undefined;
  /** Highest `GLIBCXX_` or `CXXABI_` version of the host's libstdc++; undefined without one. */
  cxx(prefix: 'GLIBCXX' | 'CXXABI'): string | undefined;
  hasLibrary(name: string): boolean;
  /** Python of this version (`3.11`), else another that is there, so that a message can name it; undefined without any. */
  python(version: string): PythonFacts | undefined;
  /** `node` on PATH, or the Node that runs this program when there is none. */
  node(): NodeFacts;
}

/** This machine; with a root, as its configuration says (`config/python`). */
export function localHostFacts(
  env: Readonly<Record<string, string | undefined>> = process.env,
  root?: string,
): HostFacts {
  const pythonFile = root === undefined ? undefined : hostPaths(root).pythonFile;
  const pythons = new Map<string, PythonFacts | undefined>();
  return {
    target: formatTarget(hostTarget()),
    glibc: hostGlibcVersion,
    cxx: cxxVersion,
    hasLibrary: (name) => findLibrary(name) !== undefined,
    python: (version) => {
      if (!pythons.has(version))
        pythons.set(version, findPython(version, env, configuredPython(env, pythonFile)));
      return pythons.get(version);
    },
    node: () => nodeOnPath(env.PATH ?? ''),
  };
}

function cxxVersion(prefix: 'GLIBCXX' | 'CXXABI'): string | undefined {
  const path = findLibrary('libstdc++.so.6');
  if (path === undefined) return undefined;
  // The version names stand as plain strings in the library's string table.
  const names = readFileSync(path, 'latin1').matchAll(new RegExp(`${prefix}_([0-9]+(?:\\.[0-9]+)*)\\0`, 'g'));
  return [...names]
    .map((name) => name[1] ?? '')
    .sort(compareVersions)
    .at(-1);
}

const GNU_CPU_BY_ARCH: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  arm: 'arm',
  ia32: 'i386',
  ppc64: 'powerpc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** Where the dynamic loader looks first. */
export function libraryDirectories(): readonly string[] {
  const cpu = GNU_CPU_BY_ARCH[process.arch] ?? process.arch;
  const multiarch = process.arch === 'arm' ? 'arm-linux-gnueabihf' : `${cpu}-linux-gnu`;
  const bases = ['/usr/local/lib', '/lib', '/usr/lib', '/lib64', '/usr/lib64'];
  return [...bases.slice(0, 3).map((base) => `${base}/${multiarch}`), ...bases];
}

/** Where the dynamic loader would find a library: the standard directories, then its cache. */
function findLibrary(name: string): string | undefined {
  if (name.includes('/')) return existsSync(name) ? name : undefined;
  const standard = libraryDirectories()
    .map((directory) => `${directory}/${name}`)
    .find((path) => existsSync(path));
  return standard ?? loaderCache().get(name);
}

let cachedLoaderCache: ReadonlyMap<string, string> | undefined;

/** What `ldconfig -p` lists: name to path. Empty where there is no ldconfig (musl). */
export function loaderCache(): ReadonlyMap<string, string> {
  if (cachedLoaderCache !== undefined) return cachedLoaderCache;
  const tool = ['/sbin/ldconfig', '/usr/sbin/ldconfig'].find((path) => existsSync(path)) ?? 'ldconfig';
  const result = spawnSync(tool, ['-p'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = result.status === 0 ? result.stdout.matchAll(/^\t(\S+) .*=> (\S.*)$/gm) : [];
  cachedLoaderCache = new Map([...lines].map((line) => [line[1] ?? '', line[2] ?? '']));
  return cachedLoaderCache;
}

function nodeOnPath(path: string): NodeFacts {
  const own = { version: process.versions.node, modules: Number(process.versions.modules) };
  const found = path
    .split(':')
    .filter((directory) => directory !== '')
    .map((directory) => `${directory}/node`)
    .find((candidate) => isExecutable(candidate));
  if (found === undefined || realpathSync(found) === realpathSync(process.execPath)) return own;
  return askNode(found) ?? own;
}

function askNode(path: string): NodeFacts | undefined {
  const question = 'process.versions.node + " " + process.versions.modules';
  const result = spawnSync(path, ['-p', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [version, modules] = result.status === 0 ? result.stdout.trim().split(' ') : [];
  return version === undefined || modules === undefined ? undefined : { version, modules: Number(modules) };
}
