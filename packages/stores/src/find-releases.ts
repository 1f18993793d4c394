// What is in a store, and which release a name means.
import {
  CHANNEL_BYTES_MAX,
  INDEX_BYTES_MAX,
  RELEASES_MAX,
  SalverError,
  appPrefix,
  channelKey,
  channelPrefix,
  fitsSelector,
  indexKey,
  isSalverError,
  parseReleaseIndex,
  parseReleaseKey,
  printable,
  revocationKey,
  revocationPrefix,
  shortId,
} from '@salver/core';
import type {
  NamedRelease,
  ObjectFacts,
  PublishedRelease,
  ReadOptions,
  SmallObject,
  Store,
} from '@salver/core';
import { withRetries } from './retry.js';

/** A release of an app in a store. */
export interface StoredRelease extends PublishedRelease {
  readonly target: string;
  readonly pushedAt?: Date | undefined;
  /** True when somebody has signed it; by whom is not said by its name. */
  readonly isSigned: boolean;
}

/** All objects of an app, told apart. */
export interface StoredApp {
  readonly releases: readonly StoredRelease[];
  /** Artifacts without a manifest: uploads that have not ended. */
  readonly unfinished: readonly ObjectFacts[];
  readonly channels: readonly string[];
  readonly revoked: readonly string[];
  /** False when the store cannot list: then channels, revocations and signatures are not known. */
  readonly isListed: boolean;
}

/** Everything about an app. Stores that cannot list give their index. Throws what the store throws. */
export async function listApp(store: Store, name: string, options: ReadOptions = {}): Promise<StoredApp> {
  try {
    const objects: ObjectFacts[] = [];
    for await (const facts of store.list(appPrefix(name), options)) objects.push(facts);
    return sortOut(name, objects);
  } catch (error) {
    if (!isSalverError(error, 'E_STORE_UNLISTABLE')) throw error;
    const releases = await readIndex(store, name, options);
    return { releases, unfinished: [], channels: [], revoked: [], isListed: false };
  }
}

/** Names of the apps in a store that can list. */
export async function listApps(store: Store, options: ReadOptions = {}): Promise<readonly string[]> {
  const names = new Set<string>();
  for await (const { key } of store.list('', options)) {
    const [name = ''] = key.split('/', 1);
    if (key.startsWith(`${name}/`) && key.endsWith('.manifest.json')) names.add(name);
  }
  return [...names].sort();
}

async function readIndex(
  store: Store,
  name: string,
  options: ReadOptions,
): Promise<readonly StoredRelease[]> {
  const found = await withRetries(
    () => store.readSmall(indexKey(name), { ...options, bytesMax: INDEX_BYTES_MAX }),
    { signal: options.signal },
  );
  if (typeof found !== 'object') return [];
  return parseReleaseIndex(found.bytes).releases.map(({ pushedAt, ...release }) => {
    return { ...release, pushedAt: new Date(pushedAt), isSigned: false };
  });
}

function sortOut(name: string, objects: readonly ObjectFacts[]): StoredApp {
  const ids = new Map<string, { readonly id: string; readonly pushedAt: Date | undefined }>();
  const signed = new Set<string>();
  for (const { key, modifiedAt } of objects) {
    const parsed = parseReleaseKey(name, key);
    if (parsed?.kind === 'manifest') ids.set(shortId(parsed.id), { id: parsed.id, pushedAt: modifiedAt });
    if (parsed?.kind === 'signature') signed.add(parsed.id);
  }
  const releases: StoredRelease[] = [];
  const unfinished: ObjectFacts[] = [];
  for (const facts of objects) {
    const parsed = parseReleaseKey(name, facts.key);
    if (parsed?.kind !== 'artifact') continue;
    const manifest = ids.get(parsed.shortId);
    if (manifest === undefined) unfinished.push(facts);
    else {
      const { file, version, target } = parsed;
      releases.push({
        ...manifest,
        file,
        version,
        target,
        sizeBytes: facts.sizeBytes,
        isSigned: signed.has(manifest.id),
      });
    }
  }
  const below = (prefix: string): string[] =>
    objects
      .filter(({ key }) => key.startsWith(prefix) && key.endsWith('.json'))
      .map(({ key }) => key.slice(prefix.length, -'.json'.length));
  return {
    releases: releases.sort(newestFirst).slice(0, RELEASES_MAX),
    unfinished,
    channels: below(channelPrefix(name)).sort(),
    revoked: below(revocationPrefix(name)),
    isListed: true,
  };
}

function newestFirst(a: StoredRelease, b: StoredRelease): number {
  return (b.pushedAt?.getTime() ?? 0) - (a.pushedAt?.getTime() ?? 0) || (a.id < b.id ? -1 : 1);
}

/**
 * The release that `name@version` or `name@id` means for a target. Throws E_RELEASE_NOT_FOUND when there is none, or more
 * than one.
 */
export async function findRelease(
  store: Store,
  { name, selector }: NamedRelease,
  options: ReadOptions & { readonly target?: string | undefined } = {},
): Promise<StoredRelease> {
  const { releases } = await listApp(store, name, options);
  const fitting = releases.filter((release) => fitsSelector(release, selector));
  const forTarget = fitting.filter(({ target }) => options.target === undefined || target === options.target);
  const [found] = forTarget;
  if (found !== undefined && forTarget.length === 1) return found;
  throw notOne({ name, selector }, { store, found: forTarget, other: fitting, all: releases });
}

function notOne(
  { name, selector }: NamedRelease,
  known: {
    readonly store: Store;
    readonly found: readonly StoredRelease[];
    readonly other: readonly StoredRelease[];
    readonly all: readonly StoredRelease[];
  },
): SalverError {
  const asked = `${name}@${printable(selector)}`;
  const where = known.store.description;
  const candidates = known.found.map(({ version, id, target }) => `${version} ${shortId(id)} ${target}`);
  if (candidates.length > 0) {
    return new SalverError(
      'E_RELEASE_NOT_FOUND',
      `${asked} may mean ${candidates.length} releases in ${where}`,
      {
        hint: `name one by its id: ${candidates.slice(0, 4).join('; ')}`,
        facts: { candidates },
      },
    );
  }
  const targets = [...new Set(known.other.map(({ target }) => target))];
  if (targets.length > 0) {
    return new SalverError('E_RELEASE_NOT_FOUND', `${asked} in ${where} is not for this machine`, {
      hint: `it was pushed for ${targets.join(', ')}; build it for this target as well`,
      facts: { targets },
    });
  }
  return new SalverError('E_RELEASE_NOT_FOUND', `there is no ${asked} in ${where}`, {
    hint:
      known.all.length === 0
        ? `nothing was pushed for ${name} there yet`
        : 'see `salver ls`; a channel is made by `salver promote`',
  });
}

/** The object of a channel: undefined when there is none, `unchanged` when it still has the tag. */
export function readChannelObject(
  store: Store,
  name: string,
  channel: string,
  options: ReadOptions & { readonly unlessTag?: string | undefined } = {},
): Promise<SmallObject | 'unchanged' | undefined> {
  return withRetries(
    () => store.readSmall(channelKey(name, channel), { ...options, bytesMax: CHANNEL_BYTES_MAX }),
    {
      signal: options.signal,
    },
  );
}

/** The object that takes a release back, or undefined. */
export async function readRevocationObject(
  store: Store,
  name: string,
  id: string,
  options: ReadOptions = {},
): Promise<SmallObject | undefined> {
  const found = await withRetries(
    () => store.readSmall(revocationKey(name, id), { ...options, bytesMax: CHANNEL_BYTES_MAX }),
    { signal: options.signal },
  );
  return typeof found === 'object' ? found : undefined;
}
