// Artifact -> active release. The phases are those of DESIGN 4; each is a file of its own.
import { existsSync } from 'node:fs';
import { SILENT_PROGRESS, formatReleaseName, readHead } from '@salver/core';
import type { ArtifactHead, ArtifactSource, Progress } from '@salver/core';
import { checkNeeds } from './check-needs.js';
import type { Durability } from './durability.js';
import { withFileErrors } from './file-errors.js';
import { localHostFacts } from './host-facts.js';
import type { HostFacts } from './host-facts.js';
import { hostPaths, releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { withRootLock } from './lock.js';
import { PhaseClock } from './phase-clock.js';
import type { PhasesMs } from './phase-clock.js';
import type { LinkMode } from './place-file.js';
import { prepareRoot } from './prepare-root.js';
import { recoverRoot } from './recover.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readReleaseFacts } from './release-record.js';
import { fillSharedPaths, sharedPathsOf } from './shared-paths.js';
import { stageRelease } from './stage-release.js';
import type { Staged } from './stage-release.js';
import { switchCurrent } from './switch-current.js';

export interface InstallOptions {
  readonly root: string;
  readonly source: ArtifactSource;
  /** Default true: the release becomes the current one. */
  readonly activate?: boolean | undefined;
  /** Compare every reused byte with the manifest instead of trusting size, time and inode. Default false. */
  readonly rehash?: boolean | undefined;
  /** Default `syncfs`. */
  readonly durability?: Durability | undefined;
  /** Default `link`. */
  readonly linkMode?: LinkMode | undefined;
  /** Threads that unpack. Default: 2 where that pays. */
  readonly threads?: 1 | 2 | undefined;
  /** How long to wait for another installation, in milliseconds. Default 0. */
  readonly waitMs?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the release's needs are compared with. Default: this machine. */
  readonly host?: HostFacts | undefined;
}

/** Fields that scripts rely on (DESIGN 6). */
export interface InstallResult {
  /** False when the release was installed, and where asked for active, already. */
  readonly changed: boolean;
  /** Release id, 64 hex digits. */
  readonly id: string;
  /** Directory name below releases/. */
  readonly release: string;
  /** The release a rollback would go to now, or null. */
  readonly previous: string | null;
  /** Bytes read from the artifact, its head included. */
  readonly bytesFetched: number;
  readonly filesLinked: number;
  readonly filesWritten: number;
  readonly phasesMs: PhasesMs;
}

/**
 * Installs a release and makes it current. Nothing is visible before the last rename; whatever fails before it
 * leaves the running release as it is and removes what was staged.
 *
 * Throws E_ARTIFACT_DAMAGED, E_ARTIFACT_TRUNCATED, E_ARTIFACT_HOSTILE, E_DIGEST_MISMATCH, E_FORMAT_UNKNOWN,
 * E_MANIFEST_INVALID, E_PLATFORM_MISMATCH, E_NEEDS_UNMET, E_ROOT_UNUSABLE, E_LOCK_HELD, E_NO_SPACE, E_DISK_FULL,
 * E_PATH_UNSAFE, E_RELEASE_DAMAGED, E_FILE_SYSTEM, E_INTERRUPTED.
 */
export async function installRelease(options: InstallOptions): Promise<InstallResult> {
  const clock = new PhaseClock();
  const paths = hostPaths(options.root);
  const activate = options.activate ?? true;
  const head = await clock.measure('head', () => readHead(options.source));
  const release = formatReleaseName(head.manifest.version, head.id);
  if (isDone(paths, release, head, activate)) return report({ paths, head, release, clock, changed: false });

  await clock.measure('needs', () => checkNeeds(head.manifest, options.host ?? localHostFacts()));
  await clock.measure('root', () => prepareRoot(paths));
  const lockOptions = { action: `install ${release}`, waitMs: options.waitMs, signal: options.signal };
  return withRootLock(paths, lockOptions, async () => {
    await clock.measure('recover', () => recoverRoot(paths));
    // Somebody else may have done it while we waited for the lock.
    if (isDone(paths, release, head, activate))
      return report({ paths, head, release, clock, changed: false });
    const progress = options.progress ?? SILENT_PROGRESS;
    warnOfHooks(head, progress);
    const staged = await stageRelease({ ...options, paths, head, release, clock, progress });
    const switched =
      activate && (await clock.measure('activate', () => activateStaged(paths, release, head)));
    return report({ paths, head, release, clock, changed: staged.isNew || switched, staged });
  });
}

/** Hooks are part of the format already; an operator must not believe that this version runs them. */
function warnOfHooks(head: ArtifactHead, progress: Progress): void {
  const names = Object.keys(head.manifest.host.hooks ?? {});
  if (names.length === 0) return;
  progress.warn(
    `this version of salver-host does not run hooks: do by hand what ${names.join(', ')} would do`,
  );
}

function isDone(paths: HostPaths, release: string, head: ArtifactHead, activate: boolean): boolean {
  if (!existsSync(releasePath(paths, release))) return false;
  if (readReleaseFacts(paths, release)?.id !== head.id) return false;
  return !activate || currentRelease(paths) === release;
}

/** Returns whether `current` had to be changed. */
function activateStaged(paths: HostPaths, release: string, head: ArtifactHead): boolean {
  if (currentRelease(paths) === release) return false;
  withFileErrors('cannot set up shared paths', () =>
    fillSharedPaths(paths, releasePath(paths, release), sharedPathsOf(head.manifest)),
  );
  switchCurrent(paths, release);
  return true;
}

interface ReportInput {
  readonly paths: HostPaths;
  readonly head: ArtifactHead;
  readonly release: string;
  readonly clock: PhaseClock;
  readonly changed: boolean;
  readonly staged?: Staged;
}

function report(input: ReportInput): InstallResult {
  return {
    changed: input.changed,
    id: input.head.id,
    release: input.release,
    previous: previousRelease(input.paths) ?? null,
    bytesFetched: input.head.headBytes + (input.staged?.bytesFetched ?? 0),
    filesLinked: input.staged?.filesLinked ?? 0,
    filesWritten: input.staged?.filesWritten ?? 0,
    phasesMs: input.clock.phasesMs,
  };
}
