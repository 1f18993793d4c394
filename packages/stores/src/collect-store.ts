// Removes releases that nobody needs any more from a store: by channel, count and age. The manifest goes first: what a
// crash leaves is an upload that has not ended, which the next run removes.
import {
  SalverError,
  artifactKey,
  manifestKey,
  parseChannel,
  parseReleaseKey,
  signatureKey,
} from '@salver/core';
import type { ObjectFacts, ReadOptions, Store } from '@salver/core';
import { listApp, readChannelObject } from './find-releases.js';
import type { StoredApp, StoredRelease } from './find-releases.js';
import { removeFromIndex } from './release-index.js';

export interface CollectOptions extends ReadOptions {
  readonly store: Store;
  readonly name: string;
  /** How many of the newest releases of each target stay. */
  readonly keep: number;
  /** Younger ones stay, in milliseconds. */
  readonly olderThanMs: number;
  readonly now: Date;
  readonly dryRun: boolean;
}

export interface Collected {
  readonly removed: readonly StoredRelease[];
  /** Keys of uploads that have not ended. */
  readonly unfinished: readonly string[];
  readonly kept: number;
  readonly freedBytes: number;
}

/** An upload may take long; after this it is given up. */
const UNFINISHED_MS = 24 * 3600 * 1000;

/** Throws what the store throws, E_CHANNEL_INVALID, E_STORE_UNLISTABLE. */
export async function collectStore(options: CollectOptions): Promise<Collected> {
  const { store, name, now, dryRun, signal } = options;
  const app = await listApp(store, name, { signal });
  if (!app.isListed) {
    throw new SalverError('E_STORE_UNLISTABLE', `${store.description} cannot list what it holds`, {
      hint: 'use the bucket or directory behind it',
    });
  }
  const named = await namedByChannels(options, app);
  const removed = app.releases.filter((release, index) => {
    if (named.has(release.id)) return false;
    const newer = app.releases.slice(0, index).filter(({ target }) => target === release.target).length;
    return newer >= options.keep && ageMs(release.pushedAt, now) >= options.olderThanMs;
  });
  const unfinished = app.unfinished.filter(({ modifiedAt }) => ageMs(modifiedAt, now) >= UNFINISHED_MS);
  if (!dryRun) {
    // A channel may have been moved meanwhile.
    const namedNow = await namedByChannels(options, app);
    const gone = removed.filter(({ id }) => !namedNow.has(id));
    for (const release of gone) await removeRelease(options, release);
    await removeFromIndex(store, name, new Set(gone.map(({ id }) => id)), { signal });
    for (const { key } of unfinished) await store.remove(key, { signal });
  }
  return {
    removed,
    unfinished: unfinished.map(({ key }) => key),
    kept: app.releases.length - removed.length,
    freedBytes: sizeOf(removed) + sizeOf(unfinished),
  };
}

function ageMs(since: Date | undefined, now: Date): number {
  // Of what has no time nobody knows how old it is: it stays.
  return since === undefined ? -Infinity : now.getTime() - since.getTime();
}

function sizeOf(objects: readonly Pick<ObjectFacts, 'sizeBytes'>[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function namedByChannels(
  { store, name, signal }: CollectOptions,
  { channels }: StoredApp,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const channel of channels) {
    const found = await readChannelObject(store, name, channel, { signal });
    if (typeof found !== 'object') continue;
    for (const { id } of Object.values(parseChannel(found.bytes).payload.releases)) ids.add(id);
  }
  return ids;
}

async function removeRelease({ store, name, signal }: CollectOptions, release: StoredRelease): Promise<void> {
  const { id, file } = release;
  await store.remove(manifestKey(name, id), { signal });
  await store.remove(artifactKey(name, file), { signal });
  await store.remove(signatureKey(name, id), { signal });
  for await (const { key } of store.list(`${name}/${id}.`, { signal })) {
    if (parseReleaseKey(name, key)?.kind !== 'manifest') await store.remove(key, { signal });
  }
}
