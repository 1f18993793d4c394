// Where the builder's cache lies and what is where inside it. Everything in it can be deleted at any time while
// no build runs; a build then only takes longer.
//
//   downloads/sha512/ab/cdef…          a verified download, named by the sha512 of its bytes
//   aliases/sha1/ab/cdef…              sealed text: the sha512 of the download that has this sha1 (sha256, sha384)
//   units/<form>-<target>/ab/cdef…     one finished unit (unit-file.ts), named by the sha256 of its key
//   packs/<form>-<target>/ab/cdef…     the small units of one app together (unit-pack.ts), named by the sha256 of its name
//   members/<form>/ab/cdef…            one compressed member of an app (member-store.ts), named by its raw digest
//   notes/ab/cdef….json                a small sealed JSON document, named by the sha256 of its key
//   trees/abcdef…/                    a tree laid out once for many builds (kept-tree.ts), and its facts beside it
//   work/<name>-<target>/              the clean copy in which an app is built; guarded by a lock
//   locks/ab/cdef….lock                one per held lock (cache-lock.ts)
//   tmp/<identity of a process>.<n>    what a live process is writing; cleaned when that process is gone
//
// <form> is `<format number>.<cache number>-zlib<version>`: compressed bytes depend on the zlib of the running
// Node, and the same Node must always give the same file.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { FORMAT_NUMBER, SalverError, sha256Hex } from '@salver/core';

/** Raised when the form of stored units changes without a change of the artifact format. */
const CACHE_NUMBER = 1;

/** Directories of one cache. */
export interface CachePaths {
  readonly root: string;
  readonly downloads: string;
  readonly aliases: string;
  readonly units: string;
  readonly packs: string;
  readonly members: string;
  readonly notes: string;
  readonly trees: string;
  readonly work: string;
  readonly locks: string;
  readonly tmp: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The cache directory: `SALVER_CACHE`, else `$XDG_CACHE_HOME/salver`, else `~/.cache/salver`, on every system.
 * Relative values of the XDG variable are ignored, as its specification asks. Throws E_USAGE without a home.
 */
export function defaultCacheDirectory(env: Environment): string {
  const { SALVER_CACHE: own, XDG_CACHE_HOME: xdg } = env;
  if (own !== undefined && own !== '') return resolve(own);
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'salver');
  const home = env.HOME ?? homedir();
  if (home === '') {
    throw new SalverError('E_USAGE', 'there is no home directory to keep the cache in', {
      hint: 'set SALVER_CACHE to a directory',
    });
  }
  return join(resolve(home), '.cache', 'salver');
}

export function cachePaths(root: string): CachePaths {
  return {
    root,
    downloads: join(root, 'downloads', 'sha512'),
    aliases: join(root, 'aliases'),
    units: join(root, 'units'),
    packs: join(root, 'packs'),
    members: join(root, 'members', storedForm()),
    notes: join(root, 'notes'),
    trees: join(root, 'trees'),
    work: join(root, 'work'),
    locks: join(root, 'locks'),
    tmp: join(root, 'tmp'),
  };
}

/** Everything besides the raw bytes that decides what compressed bytes look like. */
export function storedForm(): string {
  return `${FORMAT_NUMBER}.${CACHE_NUMBER}-zlib${(process.versions.zlib ?? 'unknown').replace(/[^0-9A-Za-z.]/g, '_')}`;
}

/** Relative place of hex digits, spread over 256 directories. */
export function spread(hex: string): string {
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** Relative place of a key of any form. */
export function spreadKey(key: string): string {
  return spread(sha256Hex(key));
}
