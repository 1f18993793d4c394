// A directory below releases/ is whole by construction: it got its name by one rename after everything was on
// disk. Its record is an extra: install.sh writes none.
import { existsSync, readFileSync } from 'node:fs';
import { SalverError, errnoOf, parseCanonicalJson, parseManifest } from '@salver/core';
import type { Manifest } from '@salver/core';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { readRecord } from './release-record.js';
import type { ReleaseRecord } from './release-record.js';

/** Throws E_RELEASE_NOT_FOUND when the release is not installed. */
export function requireRelease(paths: HostPaths, release: string): void {
  if (existsSync(releasePath(paths, release))) return;
  throw new SalverError('E_RELEASE_NOT_FOUND', `the release ${release} is not in ${paths.releases}`, {
    hint: 'see `salver-host releases`, or install it again',
    facts: { release },
  });
}

/** The manifest of an installed release. Throws E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED. */
export function requireManifest(paths: HostPaths, release: string): Manifest {
  requireRelease(paths, release);
  try {
    const bytes = readFileSync(`${releasePath(paths, release)}/.salver/manifest.json`);
    return parseManifest(parseCanonicalJson(bytes, `the manifest of ${release}`));
  } catch (error) {
    throw new SalverError('E_RELEASE_DAMAGED', `the release ${release} has no readable manifest`, {
      hint: 'install its artifact again',
      cause: error,
      facts: { release, errno: errnoOf(error) ?? '' },
    });
  }
}

/** As {@link requireManifest}; undefined when it cannot be read, for acts that must go on without. */
export function readManifestOrNone(paths: HostPaths, release: string): Manifest | undefined {
  try {
    return requireManifest(paths, release);
  } catch {
    return undefined;
  }
}

/** The record of an installed release. Throws E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED. */
export function requireRecord(paths: HostPaths, release: string): ReleaseRecord {
  requireRelease(paths, release);
  const record = readRecord(paths, release);
  if (record !== undefined) return record;
  throw new SalverError('E_RELEASE_DAMAGED', `the release ${release} has no readable record`, {
    hint: 'install its artifact again with `salver-host install`: the record is then made anew',
    facts: { release },
  });
}
