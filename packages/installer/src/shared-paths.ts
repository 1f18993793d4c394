// Shared paths (DESIGN 4): data that outlives releases lies in ROOT/shared; each release has a relative link
// to it. What the artifact itself ships at such a path is kept, unchanged, in the release under
// .salver/shared/ and serves once as the initial content, when ROOT/shared has nothing there yet. So the
// release stays immutable and verifiable, and nothing the app writes is ever hard-linked between releases.
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SalverError, errnoOf, isAtOrBelow, printable } from '@salver/core';
import type { Entry, Manifest } from '@salver/core';
import { KEPT_ASSETS_NAME } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { makeDirectories } from './make-directories.js';
import { syncCopied, syncNamesUpTo } from './sync-copied.js';

/** Where in a release the artifact's own content of shared paths is kept. */
export const SHARED_CONTENT_DIRECTORY = '.salver/shared';

/** The shared paths of one release, checked. */
export class SharedPaths {
  readonly paths: readonly string[];

  /** Throws E_PATH_UNSAFE when paths lie in each other or in .salver. */
  constructor(paths: readonly string[]) {
    this.paths = [...paths].sort();
    for (const path of this.paths) {
      if (isAtOrBelow(path, '.salver')) throw unsafe(path, 'it belongs to Salver');
      const outer = this.paths.find((other) => other !== path && isAtOrBelow(path, other));
      if (outer !== undefined)
        throw unsafe(path, `it lies in "${printable(outer)}", which is shared as well`);
    }
    if (new Set(this.paths).size !== this.paths.length)
      throw unsafe(this.paths.join(', '), 'it is listed twice');
  }

  /** The shared path that `path` is or lies below, or undefined. */
  holding(path: string): string | undefined {
    return this.paths.length === 0 ? undefined : this.paths.find((shared) => isAtOrBelow(path, shared));
  }

  /** Where an entry of the artifact lies in the release on disk. */
  place(path: string): string {
    return this.holding(path) === undefined ? path : `${SHARED_CONTENT_DIRECTORY}/${path}`;
  }

  /** Target of the generated link at a shared path: from releases/<release>/<path> to shared/<path>. */
  linkTarget(path: string): string {
    return `${'../'.repeat(path.split('/').length + 1)}shared/${path}`;
  }

  /**
   * Refuses entries that cannot stand beside the generated links: a link at or below a shared path (it would
   * point elsewhere from where it is kept), and a file or link above one. Throws E_PATH_UNSAFE.
   */
  checkEntry(entry: Entry): void {
    if (this.paths.length === 0 || entry.kind === 'directory') return;
    const { path } = entry;
    if (entry.kind === 'symlink' && this.holding(path) !== undefined) {
      throw unsafe(path, 'it is a link inside a shared path');
    }
    if (this.paths.some((shared) => shared !== path && isAtOrBelow(shared, path))) {
      throw unsafe(path, `a shared path lies below this ${entry.kind}`);
    }
  }
}

/** Throws E_PATH_UNSAFE. */
export function sharedPathsOf(manifest: Manifest): SharedPaths {
  const shared = new SharedPaths(manifest.host.shared ?? []);
  const inWay = shared.paths.find((path) => isAtOrBelow(path, KEPT_ASSETS_NAME));
  if (inWay !== undefined && manifest.units.some(({ assets }) => assets?.keep !== undefined))
    throw unsafe(inWay, 'assets of older releases are kept there');
  return shared;
}

/** Makes the generated links in a staged release. Its parents exist or are made. Throws the system's error. */
export function linkSharedPaths(tree: string, shared: SharedPaths): void {
  for (const path of shared.paths) {
    makeDirectories(dirname(`${tree}/${path}`));
    symlinkSync(shared.linkTarget(path), `${tree}/${path}`);
  }
}

/**
 * Makes sure that ROOT/shared has something at each shared path: the release's own content as a private
 * copy, else an empty directory. What is there already is never touched. Throws the system's error.
 */
export function fillSharedPaths(paths: HostPaths, tree: string, shared: SharedPaths): void {
  for (const path of shared.paths) {
    const place = `${paths.shared}/${path}`;
    // Not existsSync: a link to a disk that is not mounted right now is somebody's data, too.
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue;
    const content = `${tree}/${SHARED_CONTENT_DIRECTORY}/${path}`;
    makeDirectoriesFor(paths.shared, dirname(place));
    placeWhole(existsSync(content) ? content : undefined, { place, shared: paths.shared });
    syncNamesUpTo(paths.shared, place);
  }
}

/**
 * Throws E_ROOT_UNUSABLE when a shared path cannot be written. A link that leads nowhere now, e.g. to a disk that is
 * mounted later, is only warned of.
 */
export function checkSharedWritable(
  paths: HostPaths,
  shared: SharedPaths,
  warn: (text: string) => void,
): void {
  for (const path of shared.paths) {
    const place = `${paths.shared}/${path}`;
    try {
      accessSync(place, constants.W_OK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        warn(`the shared path ${printable(place)} leads nowhere`);
        continue;
      }
      throw new SalverError(
        'E_ROOT_UNUSABLE',
        `the shared path ${printable(place)} cannot be written: ${errnoOf(error) ?? 'error'}`,
        {
          cause: error,
          hint: 'mount what it points to, or change its owner or mode; nothing was switched',
          facts: { path: printable(place) },
        },
      );
    }
  }
}

/** Makes what is missing of a directory below `shared`. */
function makeDirectoriesFor(shared: string, directory: string): void {
  if (existsSync(directory)) return;
  makeDirectoriesFor(shared, dirname(directory));
  makeDirectories(directory);
  giveToOwnerOf(shared, directory);
}

/**
 * Puts a copy of `content`, or else an empty directory, at `place`. A crash leaves the unfinished name, which the next
 * run removes; never half of the data, or another's, under the real name.
 */
function placeWhole(
  content: string | undefined,
  { place, shared }: Readonly<Record<'place' | 'shared', string>>,
): void {
  const unfinished = `${place}.salver-unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    if (content === undefined) makeDirectories(unfinished);
    else cpSync(content, unfinished, { recursive: true, errorOnExist: true, force: false });
    giveToOwnerOf(shared, unfinished);
    syncCopied(unfinished);
    renameSync(unfinished, place);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** The app often runs as another user than who installs: what is made belongs to whom `shared` belongs. Only root can do that. */
function giveToOwnerOf(shared: string, made: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(shared);
  const own = lstatSync(made);
  if (own.uid === uid && own.gid === gid) return;
  const below = own.isDirectory() ? readdirSync(made, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of below) lchownSync(`${made}/${name}`, uid, gid);
  lchownSync(made, uid, gid);
}

function unsafe(path: string, why: string): SalverError {
  return new SalverError('E_PATH_UNSAFE', `the shared path "${printable(path)}" is refused: ${why}`, {
    hint: 'change `shared` in salver.json and build again',
    facts: { path: printable(path) },
  });
}
