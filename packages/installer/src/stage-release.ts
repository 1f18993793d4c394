// P2 to P7 for one release: room, unpack, sync, seal; or nothing at all when a whole one is there already.
import { existsSync } from 'node:fs';
import { NotBroughtError, SalverError } from '@salver/core';
import type { ArtifactHead, ArtifactSource, MemberRow, Progress } from '@salver/core';
import { adoptRelease } from './adopt-release.js';
import { bringMembers, clearDownloads, downloadBytes } from './bring-members.js';
import type { FetchPlan } from './bring-members.js';
import { checkSpace } from './check-space.js';
import type { SpaceNeeded } from './check-space.js';
import { TreeSync } from './durability.js';
import type { Durability } from './durability.js';
import type { HostFacts } from './host-facts.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { findKnownMembers } from './known-members.js';
import type { KnownMembers } from './known-members.js';
import type { PhaseClock } from './phase-clock.js';
import type { LinkMode } from './place-file.js';
import { linkPython, pythonLinkProblem } from './python-links.js';
import { hasAllFiles } from './quick-check.js';
import { currentRelease } from './release-links.js';
import { readReleaseFacts } from './release-facts.js';
import { recordPieces } from './release-record.js';
import type { ReleaseFacts } from './release-facts.js';
import { sealRelease } from './seal-release.js';
import { sharedPathsOf } from './shared-paths.js';
import { withStaging } from './staging.js';
import { unpackRelease } from './unpack.js';
import type { UnpackOptions, Unpacked } from './unpack.js';

export interface StageOptions {
  readonly paths: HostPaths;
  readonly head: ArtifactHead;
  readonly release: string;
  readonly source: ArtifactSource;
  readonly rehash?: boolean | undefined;
  readonly durability?: Durability | undefined;
  readonly linkMode?: LinkMode | undefined;
  readonly threads?: 1 | 2 | undefined;
  /** Told what will move, for artifacts that lie in a store. */
  readonly onFetchPlan?: ((plan: FetchPlan) => void) | undefined;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  readonly clock: PhaseClock;
  /** Whose Python the release is linked to. */
  readonly host: Pick<HostFacts, 'python'>;
}

/** What staging did. */
export interface Staged extends Pick<Unpacked, 'bytesFetched' | 'filesLinked' | 'filesWritten'> {
  /** False when the release was there already. */
  readonly isNew: boolean;
}

const NOTHING_STAGED: Staged = { isNew: false, bytesFetched: 0, filesLinked: 0, filesWritten: 0 };

/** Puts the release below releases/, whole and on disk. Throws as installRelease does. */
export async function stageRelease(options: StageOptions): Promise<Staged> {
  const { paths, head, release, clock } = options;
  if (existsSync(releasePath(paths, release))) {
    if (await clock.measure('compare', () => isWhole(options))) return NOTHING_STAGED;
    refuseToReplaceCurrent(paths, release);
  }
  const shared = sharedPathsOf(head.manifest);
  const linkMode = options.linkMode ?? 'link';
  const known = await clock.measure('plan', () =>
    findKnownMembers(paths, linkMode === 'none' ? [] : allMembers(head)),
  );
  await clock.measure('space', () => checkSpace(paths, spaceNeeded(options, known)));
  const staging = { ...options, shared, known, linkMode, rehash: options.rehash ?? false };
  await clock.measure('fetch', () => bringMembers(staging, 'recorded'));
  try {
    return await stage(staging);
  } catch (error) {
    if (!(error instanceof NotBroughtError)) throw error;
    // A file that the record promised is not what it was: what it held is brought as well.
    await clock.measure('fetch', () => bringMembers(staging, 'unchanged'));
    return await stage(staging);
  }
}

async function stage(
  options: Omit<StageOptions, 'linkMode' | 'rehash'> & Omit<UnpackOptions, 'tree'>,
): Promise<Staged> {
  const { paths, head, release, clock } = options;
  const staged = await withStaging(paths, async (staging): Promise<Staged> => {
    const tree = `${staging}/tree`;
    const sync = new TreeSync(tree, options.durability ?? 'syncfs');
    const unpacked = await unpackAndSync({ ...options, tree }, sync);
    const record = recordPieces(factsOf(head, release), unpacked.members);
    await clock.measure('seal', () => sealRelease({ paths, release, staging, tree, record }));
    return { ...unpacked, isNew: true };
  });
  clearDownloads(paths);
  return staged;
}

/** P3 to P6. */
async function unpackAndSync(
  options: Omit<UnpackOptions, 'onMostWritten'> & Pick<StageOptions, 'clock' | 'host'>,
  sync: TreeSync,
): Promise<Unpacked> {
  const { clock } = options;
  try {
    const unpacked = await clock.measure('unpack', () =>
      unpackRelease({ ...options, onMostWritten: () => sync.begin() }),
    );
    linkInterpreter(options);
    await clock.measure('sync', () => sync.finish());
    return unpacked;
  } finally {
    await sync.close();
  }
}

function linkInterpreter({
  head,
  host,
  tree,
}: Pick<StageOptions, 'head' | 'host'> & { readonly tree: string }): void {
  const needs = head.manifest.needs.python;
  const python = needs === undefined ? undefined : host.python(needs.version);
  // Without one, the needs of the release would have refused it.
  if (needs !== undefined && python !== undefined) linkPython(tree, needs, python);
}

/** Is the release that has this name already what it should be? One without a record is compared in full. */
async function isWhole(options: StageOptions): Promise<boolean> {
  const { paths, head, release } = options;
  const facts = readReleaseFacts(paths, release);
  if (facts === undefined) return adoptRelease({ ...options, facts: factsOf(head, release) });
  const python = pythonLinkProblem(releasePath(paths, release), head.manifest.needs.python);
  return facts.id === head.id && python === undefined && hasAllFiles(paths, release);
}

/** Putting a whole release in place of the damaged one takes two renames; services must not see the gap. */
function refuseToReplaceCurrent(paths: HostPaths, release: string): void {
  if (currentRelease(paths) !== release) return;
  throw new SalverError('E_RELEASE_DAMAGED', `the current release ${release} is damaged and in use`, {
    hint: 'activate another release, then install this one again',
    facts: { release },
  });
}

function allMembers(head: ArtifactHead): readonly MemberRow[] {
  return head.manifest.units.flatMap((unit) => unit.members);
}

/** What linking does not save. Directories of linked members are few; the reserve of check-space.ts covers them. */
function spaceNeeded({ head, source }: StageOptions, known: KnownMembers): SpaceNeeded {
  let bytes = downloadBytes(source, { head, known });
  let inodes = 0;
  for (const unit of head.manifest.units) {
    const lacking = unit.members.filter(([, digest]) => !known.has(digest));
    for (const [rawBytes] of lacking) bytes += rawBytes;
    inodes += Math.ceil((unit.entries * lacking.length) / Math.max(1, unit.members.length));
  }
  return { bytes, inodes };
}

function factsOf(head: ArtifactHead, release: string): ReleaseFacts {
  const { name, version, target, units, host } = head.manifest;
  return {
    format: 1,
    release,
    id: head.id,
    name,
    version,
    target,
    installedAt: new Date().toISOString(),
    ...(head.label.commit === undefined ? {} : { commit: head.label.commit }),
    entries: units.reduce((sum, unit) => sum + unit.entries, 0),
    sizeBytes: units.reduce((sum, unit) => sum + unit.sizeBytes, 0),
    shared: host.shared ?? [],
  };
}
