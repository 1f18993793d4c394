// Which members of a new artifact this host has already. The installed releases are the store: their records
// say which files a member became. Records are read one after the other, the current release first, and only
// until everything wanted is found.
import { readdirSync, statSync } from 'node:fs';
import type { MemberRow } from '@salver/core';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import type { InstalledTree } from './recorded-entry.js';
import { currentRelease, previousRelease } from './release-links.js';
import { recordPath } from './release-facts.js';
import { readRecord } from './release-record.js';
import type { RecordRow, ReleaseRecord } from './release-record.js';
import { SharedPaths } from './shared-paths.js';

/** Records of more releases than this are not read: each costs some milliseconds. */
const RELEASES_READ_MAX = 8;

/** One installed release and its record. */
export interface KnownRelease extends InstalledTree {
  readonly record: ReleaseRecord;
}

/** Where a member is known from. */
export interface KnownMember {
  readonly release: KnownRelease;
  readonly index: number;
  readonly rows: readonly RecordRow[];
}

export class KnownMembers {
  readonly #releases: readonly KnownRelease[];

  constructor(releases: readonly KnownRelease[]) {
    this.#releases = releases;
  }

  has(digest: string): boolean {
    return this.#releases.some((release) => release.record.indexOf(digest) !== undefined);
  }

  /** Every installed release that has the member, the most likely first. */
  *find(digest: string): Generator<KnownMember> {
    for (const release of this.#releases) {
      const index = release.record.indexOf(digest);
      if (index !== undefined) yield lazily(release, index);
    }
  }
}

/** Parsing the rows takes most of the time; not everybody who finds a member wants them. */
function lazily(release: KnownRelease, index: number): KnownMember {
  let rows: readonly RecordRow[] | undefined;
  return {
    release,
    index,
    get rows() {
      rows ??= release.record.rows(index);
      return rows;
    },
  };
}

/** Reads the records that can help with `wanted`. Damaged records count as absent. */
export function findKnownMembers(paths: HostPaths, wanted: readonly MemberRow[]): KnownMembers {
  const missing = new Set(wanted.map(([, digest]) => digest));
  const releases: KnownRelease[] = [];
  for (const name of likelyReleases(paths)) {
    if (missing.size === 0) break;
    const record = readRecord(paths, name);
    if (record === undefined) continue;
    const before = missing.size;
    for (const digest of record.digests) missing.delete(digest);
    if (missing.size === before) continue;
    releases.push({ record, tree: releasePath(paths, name), shared: new SharedPaths(record.facts.shared) });
  }
  return new KnownMembers(releases);
}

function likelyReleases(paths: HostPaths): readonly string[] {
  const byAge = readdirSync(paths.releases)
    .map((name) => ({ name, mtimeMs: statSync(recordPath(paths, name), { throwIfNoEntry: false })?.mtimeMs }))
    .filter((release) => release.mtimeMs !== undefined)
    .sort((a, b) => (b.mtimeMs ?? 0) - (a.mtimeMs ?? 0))
    .map((release) => release.name);
  const first = [currentRelease(paths), previousRelease(paths)].filter((name) => name !== undefined);
  return [...new Set([...first, ...byAge])].slice(0, RELEASES_READ_MAX);
}
