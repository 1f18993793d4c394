// Is an installed release still, byte for byte, what its manifest commits to?
import { readFileSync } from 'node:fs';
import {
  SILENT_PROGRESS,
  SalverError,
  parseCanonicalJson,
  parseManifest,
  printable,
  sha256Hex,
} from '@salver/core';
import type { Manifest, Progress } from '@salver/core';
import { findDifferences, isFileRow } from './compare-tree.js';
import { hostPaths, releasePath } from './host-paths.js';
import { requireRoot } from './prepare-root.js';
import { currentRelease } from './release-links.js';
import { findRelease } from './release-reference.js';
import type { ReleaseRecord } from './release-record.js';
import { requireRecord } from './require-release.js';
import { sharedPathsOf } from './shared-paths.js';

export interface VerifyReleaseOptions {
  readonly root: string;
  /** Name, version or beginning of the id. Default: the current release. */
  readonly release?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VerifiedRelease {
  readonly release: string;
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
}

/** At most this many paths go into an error; the message says how many there are. */
const PATHS_REPORTED_MAX = 200;

/**
 * Throws E_RELEASE_DAMAGED with the missing, changed and extra paths in `facts.paths`;
 * E_RELEASE_NOT_FOUND, E_ROOT_UNUSABLE, E_INTERRUPTED.
 */
export async function verifyRelease(options: VerifyReleaseOptions): Promise<VerifiedRelease> {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  const release = findRelease(paths, options.release ?? requireCurrent(options.root));
  const record = requireRecord(paths, release);
  const tree = releasePath(paths, release);
  const manifest = readManifest(tree, release, record);
  const step = (options.progress ?? SILENT_PROGRESS).step('verifying', 'members');
  const problems = await findDifferences({
    installed: { tree, shared: sharedPathsOf(manifest) },
    record,
    manifest,
    step,
    signal: options.signal,
  }).finally(() => step.end());
  if (problems.length > 0) throw damaged(release, problems);
  return { release, id: record.facts.id, files: countFiles(record), bytes: record.facts.sizeBytes };
}

function countFiles(record: ReleaseRecord): number {
  return record.digests.reduce((sum, _digest, index) => sum + record.rows(index).filter(isFileRow).length, 0);
}

function requireCurrent(root: string): string {
  const release = currentRelease(hostPaths(root));
  if (release !== undefined) return release;
  throw new SalverError('E_RELEASE_NOT_FOUND', `no release is active in ${root}`, {
    hint: 'name one: see `salver-host releases`',
  });
}

function readManifest(tree: string, release: string, record: ReleaseRecord): Manifest {
  let bytes: Buffer;
  try {
    bytes = readFileSync(`${tree}/.salver/manifest.json`);
  } catch (error) {
    throw damaged(release, ['.salver/manifest.json'], error);
  }
  if (sha256Hex(bytes) !== record.facts.id) throw damaged(release, ['.salver/manifest.json']);
  return parseManifest(parseCanonicalJson(bytes, 'the manifest'));
}

function damaged(release: string, problems: readonly string[], cause?: unknown): SalverError {
  const shown = problems.slice(0, PATHS_REPORTED_MAX).map(printable);
  const first = shown.slice(0, 3).join(', ');
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
  return new SalverError(
    'E_RELEASE_DAMAGED',
    `the release ${release} is not as it was installed: ${first}${more}`,
    {
      hint: 'activate another release and install this one again',
      cause,
      facts: { release, paths: shown, pathsTotal: problems.length },
    },
  );
}
