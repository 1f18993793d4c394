// Which installed release somebody means: its directory name, its version, or the beginning of its id.
import { readdirSync } from 'node:fs';
import { SalverError, printable } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import type { HostPaths } from './host-paths.js';

/** An id prefix shorter than this is taken for a version only. */
const ID_PREFIX_DIGITS_MIN = 4;
const RELEASE_NAME = /^(?<version>.+)-(?<shortId>[0-9a-f]{12})$/;

/** Names of the installed releases, in no stated order. Throws E_FILE_SYSTEM. */
export function installedReleases(paths: HostPaths): readonly string[] {
  return withFileErrors(`cannot list ${paths.releases}`, () =>
    readdirSync(paths.releases).filter((name) => RELEASE_NAME.test(name)),
  );
}

/** Version and short id of a release from its name. */
export function splitReleaseName(release: string): { readonly version: string; readonly shortId: string } {
  const groups = RELEASE_NAME.exec(release)?.groups;
  return { version: groups?.version ?? release, shortId: groups?.shortId ?? '' };
}

/** The one release meant. Throws E_RELEASE_NOT_FOUND, also when several fit (`facts.candidates`). */
export function findRelease(paths: HostPaths, reference: string): string {
  const installed = installedReleases(paths);
  if (installed.includes(reference)) return reference;
  const fitting = installed.filter((release) => fits(release, reference));
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  if (first !== undefined) {
    throw new SalverError(
      'E_RELEASE_NOT_FOUND',
      `"${printable(reference)}" may mean several releases: ${fitting.join(', ')}`,
      { hint: 'give the whole name of one of them', facts: { candidates: fitting } },
    );
  }
  throw new SalverError(
    'E_RELEASE_NOT_FOUND',
    `no release "${printable(reference)}" is installed in ${paths.root}`,
    {
      hint:
        installed.length === 0
          ? 'nothing is installed there'
          : `installed: ${[...installed].sort().slice(-10).join(', ')}`,
      facts: { candidates: installed },
    },
  );
}

function fits(release: string, reference: string): boolean {
  const { version, shortId } = splitReleaseName(release);
  if (version === reference) return true;
  if (!/^[0-9a-f]+$/.test(reference) || reference.length < ID_PREFIX_DIGITS_MIN) return false;
  // A full id is longer than the part in the name.
  return shortId.startsWith(reference) || reference.startsWith(shortId);
}
