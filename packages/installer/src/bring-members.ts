// P3 for artifacts that lie in a store: what the installed releases do not have is downloaded first. Nothing of it is
// trusted before unpacking has compared it with the manifest.
import { rmSync } from 'node:fs';
import { errnoOf, storedMembers } from '@salver/core';
import type { ArtifactHead, ArtifactSource, MemberRow, Progress, StoredMember } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import type { KnownMember, KnownMembers } from './known-members.js';
import { isUnchanged } from './member-linker.js';
import { rebuildMember } from './recorded-entry.js';

interface Plan {
  readonly head: ArtifactHead;
  readonly known: KnownMembers;
}

export interface BringRequest extends Plan {
  readonly source: ArtifactSource;
  readonly onFetchPlan?: ((plan: FetchPlan) => void) | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What will move, known before it does. */
export interface FetchPlan {
  readonly bytes: number;
  /** Size of the whole artifact. */
  readonly ofBytes: number;
  readonly requests: number;
  /** Files that installed releases have already. */
  readonly filesLinked: number;
}

/**
 * Downloads what is missing; nothing for artifacts in the file system. `recorded`: what the records of installed releases
 * promise counts as there. `unchanged`: only files that still are what was recorded do. Throws what the source throws.
 */
export async function bringMembers(request: BringRequest, there: 'recorded' | 'unchanged'): Promise<void> {
  const { source, progress, signal } = request;
  if (source.bring === undefined) return;
  const missing = missingMembers(request, there === 'recorded' ? undefined : isStillThere);
  if (there === 'recorded') tellPlan(request, missing);
  await source.bring(missing, { progress, signal });
}

/** Bytes that downloading needs on the disk, beside the release. */
export function downloadBytes(source: ArtifactSource, plan: Plan): number {
  if (source.bring === undefined) return 0;
  return sumOf(missingMembers(plan));
}

/** What was downloaded is in the release now. What cannot be removed the next installation removes. */
export function clearDownloads(paths: HostPaths): void {
  try {
    rmSync(paths.downloads, { recursive: true, force: true });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function missingMembers(
  { head, known }: Plan,
  isThere: (found: KnownMember, row: MemberRow) => boolean = () => true,
): readonly StoredMember[] {
  const rows = head.manifest.units.flatMap(({ members }) => members);
  return storedMembers(head).filter((_member, index) => {
    const row = rows[index];
    if (row === undefined) throw new TypeError('the layout has more rows than the manifest');
    return ![...known.find(row[1])].some((found) => isThere(found, row));
  });
}

function isStillThere(found: KnownMember, [rawBytes, digest]: MemberRow): boolean {
  if (found.rows.every((row) => isUnchanged(found.release, row))) return true;
  return rebuildMember(found.release, found.rows, { rawBytes, digest }) !== undefined;
}

function tellPlan(
  { source, head, known, onFetchPlan }: BringRequest,
  missing: readonly StoredMember[],
): void {
  if (onFetchPlan === undefined) return;
  const { bytes, requests } = source.wouldMove?.(missing) ?? { bytes: sumOf(missing), requests: 0 };
  const rows = head.manifest.units.flatMap(({ members }) => members);
  let files = 0;
  for (const [, digest] of rows) {
    const [found] = known.find(digest);
    if (found !== undefined) files += countFiles(found.release.record.line(found.index));
  }
  onFetchPlan({ bytes, ofBytes: source.sizeBytes, requests, filesLinked: files });
}

function sumOf(members: readonly StoredMember[]): number {
  return members.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
}

/** In the text of the rows: parsing them all would take longer than the rest of the plan. */
function countFiles(line: string): number {
  return line.match(FILE_ROW)?.length ?? 0;
}

const FILE_ROW = /\["[fx]",/g;
