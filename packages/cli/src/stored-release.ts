// The release in a store that NAME@VERSION, NAME@ID or NAME@CHANNEL means.
import { SalverError, isChannelName, parseChannel, parseNamedRelease, printable } from '@salver/core';
import type { NamedRelease, Store } from '@salver/core';
import { findRelease, listApp, readChannelObject } from '@salver/stores';
import type { StoredRelease } from '@salver/stores';

/** Throws E_USAGE when the text has not that form. */
export function requireNamedRelease(text: string): NamedRelease {
  const named = parseNamedRelease(text);
  if (named !== undefined) return named;
  throw new SalverError('E_USAGE', `"${printable(text)}" does not name a release in a store`, {
    hint: 'write NAME@VERSION, NAME@ID or NAME@CHANNEL, for example shop@production',
  });
}

/** One release. Throws E_RELEASE_NOT_FOUND and what the store throws. */
export async function resolveRelease(
  store: Store,
  named: NamedRelease,
  options: { readonly target?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<StoredRelease> {
  const ofChannel = await channelReleases(store, named, options.signal);
  if (ofChannel === undefined) return findRelease(store, named, options);
  const fitting = ofChannel.filter(({ target }) => options.target === undefined || target === options.target);
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  const targets = ofChannel.map(({ target }) => target);
  throw new SalverError(
    'E_RELEASE_NOT_FOUND',
    `${named.name}@${named.selector} has releases for ${targets.join(', ')}`,
    {
      hint: 'name one of them with --target',
      facts: { targets },
    },
  );
}

/** What a channel names; undefined when the selector is no channel. */
export async function channelReleases(
  store: Store,
  { name, selector }: NamedRelease,
  signal?: AbortSignal,
): Promise<readonly StoredRelease[] | undefined> {
  if (!isChannelName(selector)) return undefined;
  const found = await readChannelObject(store, name, selector, { signal });
  if (typeof found !== 'object') return undefined;
  const { releases } = parseChannel(found.bytes).payload;
  return Object.entries(releases).map(([target, release]) => ({ ...release, target, isSigned: false }));
}

/** For `promote`: all targets of one version. `NAME` alone means the newest. Throws E_RELEASE_NOT_FOUND. */
export async function resolveVersion(
  store: Store,
  text: string,
  signal?: AbortSignal,
): Promise<{ readonly name: string; readonly releases: readonly StoredRelease[] }> {
  if (!text.includes('@')) return { name: text, releases: await newestVersion(store, text, signal) };
  const named = requireNamedRelease(text);
  const ofChannel = await channelReleases(store, named, signal);
  if (ofChannel !== undefined) return { name: named.name, releases: ofChannel };
  const { releases } = await listApp(store, named.name, { signal });
  const fitting = releases.filter(({ version }) => version === named.selector);
  const isOneEach = new Set(fitting.map(({ target }) => target)).size === fitting.length;
  if (fitting.length > 0 && isOneEach) return { name: named.name, releases: fitting };
  // An id, or a version that was built more than once: exactly one, or an error that lists them.
  return { name: named.name, releases: [await findRelease(store, named, { signal })] };
}

async function newestVersion(
  store: Store,
  name: string,
  signal?: AbortSignal,
): Promise<readonly StoredRelease[]> {
  const { releases } = await listApp(store, name, { signal });
  const [newest] = releases;
  if (newest === undefined) {
    throw new SalverError(
      'E_RELEASE_NOT_FOUND',
      `nothing was pushed for ${printable(name)} to ${store.description}`,
      {
        hint: 'see `salver ls`; push an artifact first',
      },
    );
  }
  const byTarget = new Map<string, StoredRelease>();
  for (const release of releases) {
    if (release.version === newest.version && !byTarget.has(release.target))
      byTarget.set(release.target, release);
  }
  return [...byTarget.values()];
}
