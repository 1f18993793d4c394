// What a root does about a channel: it keeps the floor, and it holds back what failed here or was left here on purpose,
// so that a poll every few minutes neither undoes a rollback nor starts a broken release again and again.
import { SalverError, formatReleaseName, isSalverError, parseChannel, shortId } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import { withFileErrors } from '../file-errors.js';
import { actOnRoot } from '../act-on-root.js';
import type { ActOptions } from '../act-on-root.js';
import { hostPaths } from '../host-paths.js';
import type { HostPaths } from '../host-paths.js';
import { currentRelease } from '../release-links.js';
import { documentOf, readChannelRecord, writeChannelRecord } from './channel-record.js';
import type { ChannelName, ChannelOutcome, ChannelRecord } from './channel-record.js';

/** A channel whose document was checked. */
export interface FollowedChannel extends ChannelName {
  /** The object as the store gave it. */
  readonly bytes: Buffer;
  /** Description of the store. */
  readonly store: string;
  readonly tag: string | undefined;
  /** The document that was on record when this one was checked. */
  readonly before: string | undefined;
}

/**
 * Writes down what was accepted; nothing when it is known already. Call it with the lock held. Throws E_CHANNEL_MOVED when
 * another run has gone further meanwhile, E_FILE_SYSTEM, E_DISK_FULL.
 */
export function noteChannel(paths: HostPaths, followed: FollowedChannel): void {
  const record = readChannelRecord(paths, followed);
  const document = followed.bytes.toString('utf8');
  if (isOvertaken(record, followed)) {
    throw new SalverError(
      'E_CHANNEL_MOVED',
      `another run has followed ${followed.name}@${followed.channel} further`,
      {
        hint: 'run the command again',
      },
    );
  }
  if (isNoted(record, followed)) return;
  const { store, tag } = followed;
  const tags = {
    ...(record?.document === document ? record.tags : {}),
    ...(tag === undefined ? {} : { [store]: tag }),
  };
  withFileErrors('cannot write down what the channel says', () =>
    writeChannelRecord(paths, followed, { format: 1, document, tags, outcome: record?.outcome }),
  );
}

function isNoted(record: ChannelRecord | undefined, { bytes, store, tag }: FollowedChannel): boolean {
  return record?.document === bytes.toString('utf8') && (tag === undefined || record.tags[store] === tag);
}

/** Writes down what was accepted of a channel whose release is here already. Throws as noteChannel, and E_LOCK_HELD. */
export async function acceptChannel(
  root: string,
  followed: FollowedChannel,
  options: ActOptions,
): Promise<void> {
  const paths = hostPaths(root);
  if (isNoted(readChannelRecord(paths, followed), followed)) return;
  const action = `follow ${followed.name}@${followed.channel}`;
  // eslint-disable-next-line @typescript-eslint/require-await -- work under the lock is given as a promise
  await actOnRoot(paths, options, action, async () => noteChannel(paths, followed));
}

/** The floor was checked before the lock was taken; another run may have gone further in between. */
function isOvertaken(record: ChannelRecord | undefined, { bytes, before }: FollowedChannel): boolean {
  if (record === undefined || record.document === before) return false;
  return (documentOf(record)?.payload.seq ?? 0) > parseChannel(bytes).payload.seq;
}

/** Writes down how the release that a channel names has fared. */
function noteOutcome(paths: HostPaths, channel: ChannelName, outcome: ChannelOutcome): void {
  const record = readChannelRecord(paths, channel);
  if (record === undefined) return;
  const { id, result } = record.outcome ?? {};
  if (id === outcome.id && result === outcome.result) return;
  withFileErrors('cannot write down what came of the channel', () =>
    writeChannelRecord(paths, channel, { ...record, outcome }),
  );
}

/** Failures of the release itself; others, such as a full disk, are worth another try. */
const FAILURES: ReadonlySet<ErrorCode> = new Set(['E_ACTIVATION_FAILED', 'E_HOOK_FAILED', 'E_UNHEALTHY']);

/** Runs `work`, which makes the release of a channel current, and remembers how that went. */
export async function rememberOutcome<T>(
  paths: HostPaths,
  followed: FollowedChannel | undefined,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  if (followed === undefined) return work();
  noteChannel(paths, followed);
  try {
    const done = await work();
    noteOutcome(paths, followed, { id, result: 'active' });
    return done;
  } catch (error) {
    if (isSalverError(error) && FAILURES.has(error.code))
      noteOutcome(paths, followed, { id, result: 'failed' });
    throw error;
  }
}

/** `left`: it was current and somebody went to another release by hand. Undefined: go on. */
export function heldBack(
  paths: HostPaths,
  channel: ChannelName,
  release: { readonly id: string; readonly version: string },
): 'failed' | 'left' | undefined {
  const outcome = readChannelRecord(paths, channel)?.outcome;
  if (outcome?.id !== release.id) return undefined;
  if (currentRelease(paths) === formatReleaseName(release.version, release.id)) return undefined;
  return outcome.result === 'failed' ? 'failed' : 'left';
}

/** The error for a release that failed here before. */
export function heldError({ name, channel }: ChannelName, id: string): SalverError {
  return new SalverError(
    'E_RELEASE_HELD',
    `${name}@${channel} still names ${shortId(id)}, which failed here before`,
    {
      hint: 'promote another release, or try this one once more with --retry',
      facts: { id },
    },
  );
}
