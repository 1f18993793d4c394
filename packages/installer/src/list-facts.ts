// Everything a build machine must know of a host to say whether a release will run there, as one JSON object.
import { readdirSync } from 'node:fs';
import type { HostFacts, NodeFacts } from './host-facts.js';
import type { PythonFacts } from './host-python.js';
import { libraryDirectories, loaderCache } from './host-facts.js';

/** Facts of a host, for `salver check --host`. */
export interface HostFactsDocument {
  readonly target: string;
  readonly glibc?: string;
  /** Highest versions of the host's libstdc++. */
  readonly glibcxx?: string;
  readonly cxxabi?: string;
  readonly node: NodeFacts;
  /** Python 3 interpreters on PATH. */
  readonly pythons?: readonly PythonFacts[];
  /** Names of shared libraries that the dynamic loader finds. */
  readonly libraries: readonly string[];
}

/** Asks the host everything. Takes some milliseconds. */
export function listFacts(host: HostFacts, pythons: readonly PythonFacts[] = []): HostFactsDocument {
  const glibc = host.glibc();
  const glibcxx = host.cxx('GLIBCXX');
  const cxxabi = host.cxx('CXXABI');
  return {
    target: host.target,
    ...(glibc === undefined ? {} : { glibc }),
    ...(glibcxx === undefined ? {} : { glibcxx }),
    ...(cxxabi === undefined ? {} : { cxxabi }),
    node: host.node(),
    ...(pythons.length === 0 ? {} : { pythons }),
    libraries: [...new Set([...librariesInDirectories(), ...loaderCache().keys()])].sort(),
  };
}

function librariesInDirectories(): readonly string[] {
  return libraryDirectories().flatMap((directory) => {
    try {
      return readdirSync(directory).filter((name) => /\.so(\.|$)/.test(name));
    } catch {
      return [];
    }
  });
}

/** The same answers from a document, e.g. of another machine. */
export function factsOfDocument(document: HostFactsDocument): HostFacts {
  const libraries = new Set(document.libraries);
  return {
    target: document.target,
    glibc: () => document.glibc,
    cxx: (prefix) => (prefix === 'GLIBCXX' ? document.glibcxx : document.cxxabi),
    hasLibrary: (name) => libraries.has(name),
    python: (version) =>
      document.pythons?.find((one) => one.version.startsWith(`${version}.`)) ?? document.pythons?.[0],
    node: () => document.node,
  };
}
