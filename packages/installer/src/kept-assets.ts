// Static files of the current release and of those before it, below `shared/static`: a page that was opened before the
// switch still finds what it refers to. Files are only added at an activation, as hard links; the collector removes
// those that no installed release has and that were kept for their time.
//
// A crash leaves a line of the state without its file, or a file `.salver-unfinished`; the next run takes both along.
import { lstatSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { keepMs, printable } from '@salver/core';
import type { Manifest, Progress } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { readKeptAssets, writeKeptAssets } from './kept-assets-state.js';
import { AssetPlaces } from './place-asset.js';
import { releaseAssets } from './release-assets.js';
import type { ReleaseAsset } from './release-assets.js';
import { installedReleases } from './release-reference.js';
import { readManifestOrNone } from './require-release.js';

export interface KeepContext {
  readonly paths: HostPaths;
  readonly progress: Progress;
  /** Default: now. */
  readonly now?: Date;
}

/**
 * Places the files of `release`, and notes that those of `from` were current until now. Call it before the switch.
 * Throws E_ROOT_UNUSABLE and the system's error.
 */
export function keepAssets(
  context: KeepContext & {
    readonly release: string;
    readonly manifest: Manifest | undefined;
    readonly from: string | null;
  },
): void {
  const { paths, release, manifest, from, progress, now = new Date() } = context;
  const files = releaseAssets(paths, release, manifest);
  const before = from === null ? [] : releaseAssets(paths, from, readManifestOrNone(paths, from));
  if (files.length + before.length === 0) return;
  const lastCurrentAt = now.toISOString();
  const kept = new Map(readKeptAssets(paths));
  for (const { place, keep } of [...before, ...files]) kept.set(place, { lastCurrentAt, keep });
  writeKeptAssets(paths, kept);
  placeAll(paths, files, progress);
}

/** The same for a release that is current again: what had been replaced has its bytes. Null: there is none. */
export function keepAssetsOf(context: KeepContext, release: string | null): void {
  if (release === null) return;
  const manifest = readManifestOrNone(context.paths, release);
  keepAssets({ ...context, release, manifest, from: null });
}

function placeAll(paths: HostPaths, files: readonly ReleaseAsset[], progress: Progress): void {
  // Servers run as other users, whatever the umask of whoever installs.
  const umask = process.umask(0o022);
  try {
    const places = new AssetPlaces(paths);
    for (const file of files) {
      if (places.place(file) !== 'conflict') continue;
      progress.warn(`${printable(file.place)} has other bytes in ${paths.keptAssets}: what is there stays`);
    }
    places.sync();
  } finally {
    process.umask(umask);
  }
}

/** Places whose time is over and that no installed release has, `without` not counted. Throws the system's error. */
export function expiredAssets(
  paths: HostPaths,
  now: Date,
  without: readonly string[] = [],
): readonly string[] {
  const expired = new Set<string>();
  for (const [place, { lastCurrentAt, keep }] of readKeptAssets(paths)) {
    if (now.getTime() - Date.parse(lastCurrentAt) >= keepMs(keep)) expired.add(place);
  }
  if (expired.size === 0) return [];
  for (const release of installedReleases(paths)) {
    if (without.includes(release)) continue;
    const manifest = readManifestOrNone(paths, release);
    // Nobody knows what a damaged release has.
    if (manifest === undefined) return [];
    for (const { place } of releaseAssets(paths, release, manifest)) expired.delete(place);
  }
  return [...expired];
}

/** Removes what {@link expiredAssets} finds. Throws E_ROOT_UNUSABLE and the system's error. */
export function collectAssets(paths: HostPaths, now: Date): number {
  const expired = expiredAssets(paths, now);
  if (expired.length === 0) return 0;
  const places = new AssetPlaces(paths);
  for (const place of expired) {
    const path = places.find(place);
    if (path === undefined) continue;
    rmSync(path);
    removeEmpty(paths.keptAssets, dirname(path));
  }
  const kept = new Map(readKeptAssets(paths));
  for (const place of expired) kept.delete(place);
  writeKeptAssets(paths, kept);
  return expired.length;
}

function removeEmpty(top: string, directory: string): void {
  if (directory === top || lstatSync(directory).isSymbolicLink() || readdirSync(directory).length > 0) return;
  rmdirSync(directory);
  removeEmpty(top, dirname(directory));
}
