// What a dependency's right-hand side means (`^1.2.0`, `npm:x@1`, `file:../x`, `github:a/b#v1`, …).
// Nearly all specs are semver ranges, so those are recognised here with the rules of npm-package-arg;
// only what may be a URL or a repository is given to npm-package-arg itself, which is imported when
// the first such spec turns up (it costs 5 ms of start time).
import type npaModule from 'npm-package-arg';
import type { RangeTester } from './version-range.js';

export type DependencySpec =
  | { readonly kind: 'range'; readonly range: string }
  | { readonly kind: 'tag' }
  | { readonly kind: 'alias'; readonly name: string; readonly target: DependencySpec }
  /** A directory or a tarball file; `path` as written, without `file:`. */
  | { readonly kind: 'path'; readonly path: string; readonly isTarball: boolean }
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'git';
      /** Canonical ssh URL of a known host without committish, else the URL npm would fetch. */
      readonly repository: string;
      readonly committish?: string;
      readonly range?: string;
    }
  /** Nothing npm understands. */
  | { readonly kind: 'invalid' };

/** Reads specs; remembers what it read. */
export interface SpecReader {
  read(name: string, spec: string): DependencySpec;
  /** The repository of a lock's git `resolved`. */
  readGit(resolved: string): DependencySpec;
}

type Npa = typeof npaModule;

/** True when only npm-package-arg can tell what this spec is. */
export function isExoticSpec(spec: string): boolean {
  if (!spec.includes(':') && !spec.includes('/')) return false;
  const text = spec.slice(0, 4).toLowerCase() === 'npm:' ? splitAlias(spec.slice(4)).spec : spec;
  return !isPathSpec(text) && /[:/]/.test(text);
}

/** Makes a reader for these specs; loads npm-package-arg only if one of them needs it. */
export async function createSpecReader(specs: Iterable<string>, ranges: RangeTester): Promise<SpecReader> {
  let npa: Npa | undefined;
  for (const spec of specs) {
    if (!isExoticSpec(spec)) continue;
    npa = (await import('npm-package-arg')).default;
    break;
  }
  const known = new Map<string, DependencySpec>();
  return {
    read(name, spec) {
      const found = known.get(spec);
      if (found !== undefined) return found;
      const made = readSpec(npa, ranges, name, spec);
      known.set(spec, made);
      return made;
    },
    readGit: (resolved) => readExotic(npa, 'x', resolved),
  };
}

function readSpec(npa: Npa | undefined, ranges: RangeTester, name: string, spec: string): DependencySpec {
  // No range can be taken for anything else, so the most common case may come first.
  if (ranges.isRange(spec)) return { kind: 'range', range: spec.trim() || '*' };
  if (isPathSpec(spec)) return readPath(spec);
  if (spec.slice(0, 4).toLowerCase() === 'npm:') {
    const alias = splitAlias(spec.slice(4));
    return { kind: 'alias', name: alias.name, target: readSpec(npa, ranges, alias.name, alias.spec) };
  }
  if (isExoticSpec(spec)) return readExotic(npa, name, spec);
  if (TARBALL.test(spec)) return readPath(spec);
  return { kind: 'tag' };
}

const TARBALL = /\.(?:tgz|tar\.gz|tar)$/i;

/** npm takes everything that starts like this for a path, before it tries anything else. */
function isPathSpec(spec: string): boolean {
  return /^file:/i.test(spec) || /^(?:\.|~\/|\/|[a-zA-Z]:)/.test(spec);
}

function readPath(spec: string): DependencySpec {
  const path = spec.replace(/^file:(?:\/\/(?=\/))?/i, '');
  return { kind: 'path', path, isTarball: TARBALL.test(spec) };
}

function splitAlias(text: string): { readonly name: string; readonly spec: string } {
  const at = text.indexOf('@', 1);
  return at < 0 ? { name: text, spec: '*' } : { name: text.slice(0, at), spec: text.slice(at + 1) };
}

function readExotic(npa: Npa | undefined, name: string, spec: string): DependencySpec {
  if (npa === undefined) return { kind: 'invalid' };
  try {
    const result = npa.resolve(name, spec);
    if (result.type === 'git') return readGitResult(result);
    if (result.type === 'remote') return { kind: 'url', url: result.fetchSpec ?? spec };
    if (result.type === 'file' || result.type === 'directory') return readPath(spec);
    return { kind: 'invalid' };
  } catch {
    // npm-package-arg refuses names and URLs that npm refuses; nothing can satisfy such a spec.
    return { kind: 'invalid' };
  }
}

function readGitResult(result: ReturnType<Npa['resolve']>): DependencySpec {
  const git = result as typeof result & { gitRange?: string | null; gitCommittish?: string | null };
  const hosted = result.hosted as { ssh(options: { noCommittish: boolean }): string } | undefined;
  const repository = hosted?.ssh({ noCommittish: true }) ?? result.fetchSpec ?? '';
  return {
    kind: 'git',
    repository,
    ...(git.gitCommittish ? { committish: git.gitCommittish } : {}),
    ...(git.gitRange ? { range: git.gitRange } : {}),
  };
}
