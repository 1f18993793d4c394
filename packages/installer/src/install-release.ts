// Artifact -> active release. The phases are those of DESIGN 4; each is a file of its own.
import { existsSync } from 'node:fs';
import { SILENT_PROGRESS, formatReleaseName, readHead } from '@salver/core';
import type { ArtifactHead, ArtifactSource, Progress, SignatureVerifier } from '@salver/core';
import { attempt } from './act.js';
import { actingUser } from './acting-user.js';
import { actOnRoot } from './act-on-root.js';
import type { ActOptions } from './act-on-root.js';
import { performActivation } from './activation.js';
import type { FetchPlan } from './bring-members.js';
import { checkNeeds } from './check-needs.js';
import type { Durability } from './durability.js';
import { checkEnvironment, environmentProblems } from './env-contract.js';
import { appendHistory } from './history.js';
import { localHostFacts } from './host-facts.js';
import type { HostFacts } from './host-facts.js';
import { hostPaths, releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { isSettled, readJournal } from './journal.js';
import { PhaseClock } from './phase-clock.js';
import type { PhasesMs } from './phase-clock.js';
import type { LinkMode } from './place-file.js';
import { prepareRoot } from './prepare-root.js';
import { hasAllFiles } from './quick-check.js';
import { recoverRoot } from './recover.js';
import type { Environment } from './release-environment.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readReleaseFacts } from './release-facts.js';
import { stageRelease } from './stage-release.js';
import type { Staged } from './stage-release.js';
import { checkRelease } from './trust/check-release.js';
import type { ExpectedRelease } from './trust/check-release.js';
import { noteChannel, rememberOutcome } from './trust/follow-channel.js';
import type { FollowedChannel } from './trust/follow-channel.js';
import { collectReleases } from './upkeep.js';

export interface InstallOptions extends ActOptions {
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
  /** What the release's needs are compared with. Default: this machine. */
  readonly host?: HostFacts | undefined;
  /** Run the release's `migrate` hook. Default false. */
  readonly migrate?: boolean | undefined;
  /** Go back over a contract migration that ran here; the history says so. */
  readonly force?: boolean | undefined;
  /** How long the release is watched after its check, in milliseconds. Default 0. */
  readonly watchMs?: number | undefined;
  /** Told what will move, for artifacts that lie in a store. */
  readonly onFetchPlan?: ((plan: FetchPlan) => void) | undefined;
  /** Checks signatures. Needed by roots that have trusted signers. */
  readonly verifier?: SignatureVerifier | undefined;
  /** What the source was asked for. */
  readonly expected?: ExpectedRelease | undefined;
  /** The channel that names this release, checked. */
  readonly channel?: FollowedChannel | undefined;
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
  /** Bytes read from the artifact, its head included; from a store: that came over the network. */
  readonly bytesFetched: number;
  /** Requests for them; 0 for an artifact in the file system. */
  readonly requests: number;
  readonly filesLinked: number;
  readonly filesWritten: number;
  readonly phasesMs: PhasesMs;
}

/** One installation while it goes on. */
interface Installation extends InstallOptions {
  readonly paths: HostPaths;
  readonly head: ArtifactHead;
  readonly release: string;
  readonly clock: PhaseClock;
  readonly activate: boolean;
  readonly progress: Progress;
  readonly env: Environment;
  readonly host: HostFacts;
}

/**
 * Installs a release and makes it current. Nothing is visible before the last rename; whatever fails before it
 * leaves the running release as it is and removes what was staged; whatever fails after it is taken back.
 *
 * Throws what checkRelease and the source throw, E_ARTIFACT_DAMAGED, E_ARTIFACT_TRUNCATED, E_ARTIFACT_HOSTILE, E_DIGEST_MISMATCH, E_FORMAT_UNKNOWN,
 * E_MANIFEST_INVALID, E_PLATFORM_MISMATCH, E_NEEDS_UNMET, E_ROOT_UNUSABLE, E_LOCK_HELD, E_NO_SPACE, E_DISK_FULL,
 * E_PATH_UNSAFE, E_RELEASE_DAMAGED, E_FILE_SYSTEM, E_INTERRUPTED, and what performActivation throws.
 */
export async function installRelease(options: InstallOptions): Promise<InstallResult> {
  const clock = new PhaseClock();
  const head = await clock.measure('head', () => readHead(options.source));
  const paths = hostPaths(options.root);
  await clock.measure('trust', () => checkRelease(paths, { ...options, head, now: new Date() }));
  const installation: Installation = {
    ...options,
    paths,
    head,
    release: formatReleaseName(head.manifest.version, head.id),
    clock,
    activate: options.activate ?? true,
    progress: options.progress ?? SILENT_PROGRESS,
    env: options.env ?? process.env,
    host: options.host ?? localHostFacts(options.env ?? process.env, options.root),
  };
  if (isDone(installation)) return report(installation, { changed: false });
  await clock.measure('needs', () => checkHost(installation));
  await clock.measure('root', () => prepareRoot(installation.paths));
  const { release } = installation;
  return actOnRoot(paths, installation, `install ${release}`, () => installLocked(installation));
}

async function installLocked(installation: Installation): Promise<InstallResult> {
  const { paths, clock, channel } = installation;
  await clock.measure('recover', () => recoverRoot(paths, installation));
  if (!installation.activate) {
    if (channel !== undefined) noteChannel(paths, channel);
    return makeInstalled(installation);
  }
  return rememberOutcome(paths, channel, installation.head.id, () => makeInstalled(installation));
}

async function makeInstalled(installation: Installation): Promise<InstallResult> {
  const { paths, release, head, clock, activate } = installation;
  // Somebody else may have done it while we waited for the lock.
  if (isDone(installation)) return report(installation, { changed: false });
  const staged = await stageRelease(installation);
  const switches = activate && currentRelease(paths) !== release;
  if (switches) await performActivation({ ...installation, act: 'install', manifest: head.manifest });
  else if (staged.isNew) recordInstalled(installation);
  await clock.measure('collect', () => collectReleases(paths, installation.progress));
  return report(installation, { changed: staged.isNew || switches, staged });
}

/** A release that waits for `activate`. */
function recordInstalled({ paths, release, env, progress, clock }: Installation): void {
  attempt({ progress }, 'add to the history', () =>
    appendHistory(paths, {
      at: new Date().toISOString(),
      by: actingUser(env),
      act: 'install',
      result: 'not activated',
      release,
      durationsMs: clock.phasesMs,
    }),
  );
}

/** P2, what the host must offer: refused before anything is written. */
async function checkHost(installation: Installation): Promise<void> {
  const { head, paths, env, activate, progress, host } = installation;
  await checkNeeds(head.manifest, host);
  if (activate) {
    checkEnvironment(paths, head.manifest, env);
    return;
  }
  for (const problem of environmentProblems(paths, head.manifest, env)) {
    progress.warn(`before it can be activated: ${problem}`);
  }
}

function isDone({ paths, release, head, activate }: Installation): boolean {
  return isInstalled(paths, { release, id: head.id, activate });
}

function isInstalled(
  paths: HostPaths,
  { release, id, activate }: { readonly release: string; readonly id: string; readonly activate: boolean },
): boolean {
  if (!existsSync(releasePath(paths, release))) return false;
  if (readReleaseFacts(paths, release)?.id !== id) return false;
  if (currentRelease(paths) === release) return !activate || isSettled(readJournal(paths));
  // To install it once more is how a damaged release that is not in use is mended.
  return !activate && hasAllFiles(paths, release);
}

/** What installing would answer when there is nothing to do, found out without the artifact; else undefined. */
export function alreadyInstalled(
  root: string,
  { id, version, activate }: { readonly id: string; readonly version: string; readonly activate: boolean },
): InstallResult | undefined {
  const paths = hostPaths(root);
  const release = formatReleaseName(version, id);
  if (!isInstalled(paths, { release, id, activate })) return undefined;
  return { ...NOTHING_MOVED, changed: false, id, release, previous: previousRelease(paths) ?? null };
}

/** The numbers of an installation that did not take place. */
export const NOTHING_MOVED = {
  bytesFetched: 0,
  requests: 0,
  filesLinked: 0,
  filesWritten: 0,
  phasesMs: {},
} as const;

function report(
  { paths, head, release, clock, source }: Installation,
  { changed, staged }: { readonly changed: boolean; readonly staged?: Staged },
): InstallResult {
  return {
    changed,
    id: head.id,
    release,
    previous: previousRelease(paths) ?? null,
    bytesFetched: source.moved?.bytes ?? head.headBytes + (staged?.bytesFetched ?? 0),
    requests: source.moved?.requests ?? 0,
    filesLinked: staged?.filesLinked ?? 0,
    filesWritten: staged?.filesWritten ?? 0,
    phasesMs: clock.phasesMs,
  };
}
