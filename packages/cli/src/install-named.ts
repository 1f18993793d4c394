// `salver-host install NAME@…`: what the store says is checked against what this root trusts, then the release is
// installed. An up-to-date host asks for one small object and writes nothing.
import {
  SalverError,
  artifactKey,
  formatReleaseName,
  formatTarget,
  hostTarget,
  isChannelName,
  printable,
} from '@salver/core';
import type { NamedRelease, PublishedRelease, SignatureVerifier, Store } from '@salver/core';
import {
  NOTHING_MOVED,
  acceptChannel,
  alreadyInstalled,
  checkChannel,
  heldBack,
  heldError,
  hostPaths,
  readChannelRecord,
} from '@salver/installer';
import type { ExpectedRelease, FollowedChannel, InstallResult } from '@salver/installer';
import { findRelease, openReleaseArtifact, readChannelObject, readRevocationObject } from '@salver/stores';
import type { ArtifactSource } from '@salver/core';
import type { CommandContext } from './command.js';

export interface NamedInstall {
  readonly root: string;
  readonly activate: boolean;
  /** Also what failed or was left here before. */
  readonly retry: boolean;
  readonly dryRun: boolean;
  readonly verifier: SignatureVerifier;
  /** Installs from an open source. */
  readonly install: (offer: ReleaseOffer) => Promise<InstallResult>;
}

/** A release that may be installed. */
export interface ReleaseOffer {
  readonly source: ArtifactSource;
  readonly expected: ExpectedRelease;
  readonly channel: FollowedChannel | undefined;
}

/** What came of it: nothing to do, held back, or installed. */
export interface NamedResult {
  readonly result: InstallResult;
  /** The release that the channel names and that was left here on purpose. */
  readonly held?: string | undefined;
  readonly seq?: number | undefined;
}

/** Throws what store, trust and installing throw, E_RELEASE_NOT_FOUND, E_RELEASE_HELD. */
export async function installNamed(
  context: CommandContext,
  store: Store,
  named: NamedRelease,
  plan: NamedInstall,
): Promise<NamedResult> {
  const followed = isChannelName(named.selector) ? await follow(context, store, named, plan) : undefined;
  if (followed !== undefined) return followChannel(context, store, followed, plan);
  const { signal } = context;
  const { name } = named;
  const release = await findRelease(store, named, { signal, target: formatTarget(hostTarget()) });
  const done = alreadyInstalled(plan.root, { ...release, activate: plan.activate });
  if (done !== undefined) return { result: done };
  const revocation = (await readRevocationObject(store, name, release.id, { signal }))?.bytes;
  return { result: await fetchAndInstall(context, store, { name, release, revocation }, plan) };
}

interface Followed {
  readonly channel: FollowedChannel;
  readonly release: PublishedRelease;
  readonly seq: number;
  /** The time at which the channel was found good. */
  readonly at: Date;
}

/** Undefined when there is no such channel: the word may be a version. */
async function follow(
  { signal }: CommandContext,
  store: Store,
  { name, selector }: NamedRelease,
  { root, verifier }: NamedInstall,
): Promise<Followed | undefined> {
  const paths = hostPaths(root);
  const record = readChannelRecord(paths, { name, channel: selector });
  const unlessTag = record?.tags[store.description];
  const found = await readChannelObject(store, name, selector, { signal, unlessTag });
  if (found === undefined) return undefined;
  const bytes = found === 'unchanged' ? Buffer.from(record?.document ?? '', 'utf8') : found.bytes;
  const tag = found === 'unchanged' ? unlessTag : found.tag;
  const { payload, at } = await checkChannel(paths, {
    name,
    channel: selector,
    bytes,
    verifier,
    now: new Date(),
  });
  const target = formatTarget(hostTarget());
  const release = payload.releases[target];
  if (release === undefined) {
    throw new SalverError('E_RELEASE_NOT_FOUND', `${name}@${printable(selector)} has nothing for ${target}`, {
      hint: `it has releases for ${Object.keys(payload.releases).join(', ')}; build and promote one for this target too`,
    });
  }
  return {
    channel: { name, channel: selector, bytes, store: store.description, tag, before: record?.document },
    release,
    seq: payload.seq,
    at,
  };
}

async function followChannel(
  context: CommandContext,
  store: Store,
  { channel, release, seq, at }: Followed,
  plan: NamedInstall,
): Promise<NamedResult> {
  const { root, activate, retry, dryRun } = plan;
  const paths = hostPaths(root);
  const done = alreadyInstalled(root, { ...release, activate });
  if (done !== undefined) {
    if (!dryRun) await acceptChannel(root, channel, context);
    return { result: done, seq };
  }
  const held = retry || !activate ? undefined : heldBack(paths, channel, release);
  if (held === 'failed') throw heldError(channel, release.id);
  if (held === 'left') {
    if (!dryRun) await acceptChannel(root, channel, context);
    return { result: unchanged(release), held: formatReleaseName(release.version, release.id), seq };
  }
  const { name } = channel;
  return { result: await fetchAndInstall(context, store, { name, release, channel, at }, plan), seq };
}

function unchanged({ id, version }: PublishedRelease): InstallResult {
  return { ...NOTHING_MOVED, changed: false, id, release: formatReleaseName(version, id), previous: null };
}

async function fetchAndInstall(
  { signal }: CommandContext,
  store: Store,
  what: {
    readonly name: string;
    readonly release: PublishedRelease;
    readonly channel?: FollowedChannel;
    readonly at?: Date;
    readonly revocation?: Buffer | undefined;
  },
  plan: NamedInstall,
): Promise<InstallResult> {
  const { name, release, channel, at, revocation } = what;
  const source = await openReleaseArtifact({
    store,
    key: artifactKey(name, release.file),
    downloads: hostPaths(plan.root).downloads,
    sizeBytes: release.sizeBytes,
    signal,
  });
  try {
    return await plan.install({ source, expected: { name, id: release.id, at, revocation }, channel });
  } finally {
    source.close();
  }
}
