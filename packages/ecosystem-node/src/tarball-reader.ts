// Lists the files that npm would unpack from a package tarball (notes/npm.md 1.6): the first component of
// every path is dropped, links and special files are ignored, PAX and GNU long names are honoured, of two
// files with one name the last wins. Own code, because this is the builder's hot path: a tar library would
// copy every byte through streams, while here files stay where they are in the decompressed tarball.
import { SalverError, limits, printable } from '@salver/core';
import { isNullBlock, parsePax, parseTarballHeader } from './tarball-header.js';
import type { PaxFields, TarballHeader } from './tarball-header.js';
import type { TarBytes } from './tar-bytes.js';

/** A file of the package, at its place in the tarball. */
export interface TarballFile {
  /** Relative to the package's directory. */
  readonly path: string;
  readonly executable: boolean;
  readonly sizeBytes: number;
  /** Where its bytes begin in the raw tar. */
  readonly offset: number;
}

export interface ReadTarballOptions {
  /** What it is, for messages: `a@1.0.0`. */
  readonly description: string;
  /** Packages made from a git checkout keep `.gitignore`; for all others npm renames it. */
  readonly keepGitignore?: boolean;
  /** Overrides {@link TARBALL_HEADERS_MAX}. */
  readonly headersMax?: number;
}

/** Header blocks read from one tarball at most. The largest packages in use hold about 50,000 files. */
export const TARBALL_HEADERS_MAX = 1_000_000;
/** A long name or PAX header may be this large; npm ignores larger ones. */
const META_BYTES_MAX = 1024 * 1024;
const BLOCK_BYTES = limits.TAR_BLOCK_BYTES;

/**
 * The files of a package by path, in no particular order.
 * Throws E_TARBALL_DAMAGED when it is not a tarball or cut off, E_LIMIT_EXCEEDED, and E_PATH_UNSAFE when
 * two of its files cannot exist side by side.
 */
export function readTarball(tar: TarBytes, options: ReadTarballOptions): readonly TarballFile[] {
  const files = new Map<string, TarballFile>();
  const ignoresSeen = new Set<string>();
  let headers = 0;
  for (const header of tarballHeaders(tar, options)) {
    headers += 1;
    if (headers > (options.headersMax ?? TARBALL_HEADERS_MAX)) throw tooMany(options);
    if (!isFile(header)) continue;
    const named = npmName(header.path, ignoresSeen, options.keepGitignore === true);
    const path = named === undefined ? undefined : insidePackage(named);
    if (path === undefined) continue;
    files.set(path, {
      path,
      executable: (header.mode & 0o100) !== 0,
      sizeBytes: header.sizeBytes,
      offset: header.dataOffset,
    });
  }
  refuseFilesBelowFiles(files, options);
  return [...files.values()];
}

interface PlacedHeader extends TarballHeader {
  readonly dataOffset: number;
}

/** Regular files: today's flag, and the one for contiguous files. */
function isFile(header: TarballHeader): boolean {
  return (header.type === '0' || header.type === '7') && !header.hasLinkPath;
}

/** All headers in order, with long names and PAX fields applied. */
function* tarballHeaders(tar: TarBytes, options: ReadTarballOptions): Generator<PlacedHeader> {
  let position = 0;
  let pax: PaxFields = {};
  let nullBlocks = 0;
  let valid = 0;
  while (position + BLOCK_BYTES <= tar.sizeBytes && nullBlocks < 2) {
    const block = tar.readSync(position, BLOCK_BYTES);
    position += BLOCK_BYTES;
    if (block[0] === 0 && isNullBlock(block)) {
      nullBlocks += 1;
      continue;
    }
    nullBlocks = 0;
    const header = parseTarballHeader(block);
    // npm passes over a block that is no header and goes on with the next one.
    if (header === undefined) continue;
    const isMeta = /^[xgLKNX]$/.test(header.type);
    const sizeBytes = isMeta || header.type === '5' ? header.sizeBytes : (pax.sizeBytes ?? header.sizeBytes);
    if (!Number.isSafeInteger(sizeBytes) || position + sizeBytes > tar.sizeBytes) throw cutOff(options);
    if (isMeta)
      pax = readMeta(
        header.type,
        tar.readSync(position, Math.min(sizeBytes, META_BYTES_MAX)),
        sizeBytes,
        pax,
      );
    else {
      yield {
        ...header,
        path: pax.path ?? header.path,
        mode: pax.mode ?? header.mode,
        sizeBytes,
        dataOffset: position,
      };
      pax = {};
    }
    valid += 1;
    position += Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  if (valid === 0) throw notATarball(options);
}

/** What a meta entry adds for the file behind it. Global headers (`g`) only carry comments in practice. */
function readMeta(type: string, bytes: Uint8Array, sizeBytes: number, before: PaxFields): PaxFields {
  if (sizeBytes > META_BYTES_MAX) return before;
  if (type === 'x' || type === 'X') return { ...before, ...parsePax(bytes) };
  if (type !== 'L' && type !== 'N') return before;
  return { ...before, path: Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '') };
}

/**
 * The name npm gives a file: `.gitignore` becomes `.npmignore`, unless one was seen before it.
 * Undefined: the file is left out.
 */
function npmName(path: string, ignoresSeen: Set<string>, keepGitignore: boolean): string | undefined {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (base === '.npmignore') ignoresSeen.add(path);
  if (base !== '.gitignore' || keepGitignore) return path;
  const renamed = `${path.slice(0, -base.length)}.npmignore`;
  return ignoresSeen.has(renamed) ? undefined : renamed;
}

/** Drops the first component; undefined when nothing is left or the path climbs. */
function insidePackage(path: string): string | undefined {
  const slash = path.indexOf('/');
  if (slash === -1) return undefined;
  const rest = path.slice(slash + 1);
  if (!/(?:^|\/)(?:\.{0,2}(?:\/|$))|^[a-zA-Z]:/.test(rest)) return rest;
  // A drive letter counts as a root, as in node-tar, which treats all systems alike.
  const parts = rest.replace(/^(?:\/+|[a-zA-Z]:(?=\/|$))+/, '').split('/');
  if (rest.split('/').includes('..')) return undefined;
  const kept = parts.filter((part) => part !== '' && part !== '.').join('/');
  return kept === '' ? undefined : kept;
}

function refuseFilesBelowFiles(files: ReadonlyMap<string, TarballFile>, options: ReadTarballOptions): void {
  const directories = new Set<string>();
  for (const path of files.keys()) {
    let slash = path.lastIndexOf('/');
    while (slash !== -1) {
      const directory = path.slice(0, slash);
      if (directories.has(directory)) break;
      directories.add(directory);
      slash = directory.lastIndexOf('/');
    }
  }
  for (const directory of directories) {
    if (!files.has(directory)) continue;
    throw new SalverError(
      'E_PATH_UNSAFE',
      `the tarball of ${options.description} holds "${printable(directory)}" as a file and as a directory`,
      { hint: 'use another version of the package', facts: { path: printable(directory) } },
    );
  }
}

function notATarball({ description }: ReadTarballOptions): SalverError {
  return new SalverError('E_TARBALL_DAMAGED', `what was published as ${description} is not a tarball`, {
    hint: 'use another version of the package, or ask who published it',
  });
}

function cutOff({ description }: ReadTarballOptions): SalverError {
  return new SalverError('E_TARBALL_DAMAGED', `the tarball of ${description} is cut off`, {
    hint: 'use another version of the package, or ask who published it',
  });
}

function tooMany({ description }: ReadTarballOptions): SalverError {
  return new SalverError('E_LIMIT_EXCEEDED', `the tarball of ${description} holds too many entries`, {
    hint: 'look at the package: nothing that large is meant to be installed',
  });
}
