// The static files of an installed release that are to be kept for pages of older releases.
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { assetPath, hasContentHash, plainFormOf } from '@salver/core';
import type { Manifest, UnitAssets } from '@salver/core';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';

/** One static file of a release. */
export interface ReleaseAsset {
  /** Below `shared/static`: the path of its URL. */
  readonly place: string;
  /** Absolute path in the release. */
  readonly from: string;
  /** Other content has another name: what is there is never replaced. */
  readonly isImmutable: boolean;
  /** A compressed form of another file. */
  readonly isForm: boolean;
  readonly keep: string;
}

/** Throws the system's error. */
export function releaseAssets(
  paths: HostPaths,
  release: string,
  manifest: Manifest | undefined,
): readonly ReleaseAsset[] {
  return (manifest?.units ?? []).flatMap(({ path, assets }) =>
    assets?.keep === undefined ? [] : unitAssets(releasePath(paths, release), path, assets),
  );
}

function unitAssets(tree: string, path: string, assets: UnitAssets): readonly ReleaseAsset[] {
  const directory = `${tree}/${path}`;
  // A generated link to a shared path, or anything else that is not of the artifact, is no place to take files from.
  if (!isDirectory(directory) || realpathSync(directory) !== `${realpathSync(tree)}/${path}`) return [];
  const files = filesBelow(directory).map((name) => `${path}/${name}`);
  const names = new Set(files);
  return files.map((file) => {
    const plain = plainFormOf(file, names);
    return {
      place: assetPath({ path, url: assets.url }, file),
      from: `${tree}/${file}`,
      isImmutable: assets.immutable ?? hasContentHash(plain?.path ?? file),
      isForm: plain !== undefined,
      keep: assets.keep ?? '',
    };
  });
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Regular files, relative; links are not followed. */
function filesBelow(directory: string, prefix = ''): readonly string[] {
  return readdirSync(`${directory}/${prefix}`, { withFileTypes: true }).flatMap((entry) => {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return filesBelow(directory, `${name}/`);
    return entry.isFile() ? [name] : [];
  });
}
