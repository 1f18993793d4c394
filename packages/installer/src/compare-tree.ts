// Compares an installed tree with the members it was made from: the members are made again from the files on
// disk and their digests compared, kinds, modes and links are looked at, and what does not belong is listed.
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SalverError } from '@salver/core';
import type { Manifest, ProgressStep } from '@salver/core';
import { changedPythonLinks, pythonLinkPaths } from './python-links.js';
import { isUnchanged } from './member-linker.js';
import { rebuildMember, rowPath } from './recorded-entry.js';
import type { InstalledTree } from './recorded-entry.js';
import type { RecordRow, ReleaseRecord } from './release-record.js';
import { SHARED_CONTENT_DIRECTORY } from './shared-paths.js';

const HEAD_FILES = ['.salver/layout.json', '.salver/manifest.json', '.salver/source.json'];

export interface CompareOptions {
  readonly installed: InstalledTree;
  readonly record: ReleaseRecord;
  readonly manifest: Manifest;
  readonly step: ProgressStep;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Missing, changed and extra paths, sorted; empty when the tree is exactly as the manifest says. When no time or
 * size gives a changed file away, all files of the differing member (at most 1 MiB of them) are named.
 * Throws E_INTERRUPTED.
 */
export async function findDifferences(options: CompareOptions): Promise<readonly string[]> {
  const changed = await findChangedPaths(options);
  return [...new Set([...changed, ...findExtraPaths(options)])].sort();
}

async function findChangedPaths(options: CompareOptions): Promise<ReadonlySet<string>> {
  const { installed, record, manifest, step } = options;
  const members = manifest.units.flatMap((unit) => unit.members);
  const changed = new Set<string>();
  for (const [index, [rawBytes, digest]] of members.entries()) {
    const rows = record.digests[index] === digest ? record.rows(index) : [];
    for (const path of misplacedPaths(installed, rows)) changed.add(path);
    if (rebuildMember(installed, rows, { rawBytes, digest }) === undefined) {
      for (const path of suspects(installed, rows)) changed.add(path);
    }
    if (index % 16 !== 0) continue;
    step.update(index, members.length);
    await nextTurn();
    if (options.signal?.aborted === true) throw new SalverError('E_INTERRUPTED', 'interrupted');
  }
  for (const path of HEAD_FILES) if (!isFileAt(`${installed.tree}/${path}`)) changed.add(path);
  for (const path of installed.shared.paths) {
    if (linkAt(`${installed.tree}/${path}`) !== installed.shared.linkTarget(path)) changed.add(path);
  }
  for (const path of changedPythonLinks(installed.tree, manifest.needs.python)) changed.add(path);
  return changed;
}

/** Paths whose kind, mode or link target is not the recorded one: no member's bytes show that. */
function misplacedPaths(installed: InstalledTree, rows: readonly RecordRow[]): readonly string[] {
  return rows.filter((row) => !isInPlace(installed, row)).map((row) => row[1]);
}

function isInPlace(installed: InstalledTree, row: RecordRow): boolean {
  const path = rowPath(installed, row[1]);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  switch (row[0]) {
    case 'd':
      // A shared path that is a directory in the artifact is a link here; its content lies elsewhere.
      return stats?.isDirectory() === true;
    case 'l':
      return linkAt(path) === row[2];
    case 'f':
    case 'x':
      // The size, because a member is made from as many bytes as were recorded and would not show more.
      return (
        stats?.isFile() === true &&
        stats.size === row[2] &&
        (stats.mode & 0o100) === (row[0] === 'x' ? 0o100 : 0)
      );
    case 'p':
      return true;
  }
}

/** The files of a differing member that look changed; all of them when none does. */
function suspects(installed: InstalledTree, rows: readonly RecordRow[]): readonly string[] {
  const files = rows.filter((row) => isFileRow(row) || row[0] === 'p');
  const changed = files.filter((row) => row[0] !== 'p' && !isUnchanged(installed, row));
  return (changed.length > 0 ? changed : files).map((row) => row[1]);
}

/** What lies in the release and in no record: added by hand, or by the app itself. */
function findExtraPaths({ installed, record, manifest }: CompareOptions): readonly string[] {
  const generated = pythonLinkPaths(manifest.needs.python);
  const expected = new Set<string>(['.salver', ...HEAD_FILES, ...generated]);
  const expect = (path: string): void => {
    for (let place = path; place !== '' && !expected.has(place); place = parentOf(place)) expected.add(place);
  };
  if (installed.shared.paths.length > 0) expect(SHARED_CONTENT_DIRECTORY);
  installed.shared.paths.forEach(expect);
  record.digests.forEach((_digest, index) => {
    for (const row of record.rows(index)) expect(installed.shared.place(row[1]));
  });
  return listTree(installed.tree).filter((path) => !expected.has(path));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Everything below the tree. With file types, because without them readdir walks through links to directories. */
function listTree(tree: string): readonly string[] {
  return readdirSync(tree, { recursive: true, withFileTypes: true }).map((entry) =>
    `${entry.parentPath}/${entry.name}`.slice(tree.length + 1),
  );
}

/** True for rows of files, large ones included. */
export function isFileRow(row: RecordRow): boolean {
  return row[0] === 'f' || row[0] === 'x';
}

function isFileAt(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
