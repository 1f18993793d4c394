// Static files of the app: taken out of the app's files, given their compressed forms, packed into units of their own.
import { SalverError, isAtOrBelow, printable } from '@salver/core';
import type { CollectedUnit, FinishedUnit, PackEntry } from '@salver/core';
import { appEntries } from './app-entries.js';
import { findForms } from './asset-forms.js';
import type { FormsOptions } from './asset-forms.js';
import type { AssetSettings } from './asset-settings.js';
import type { SourceFile } from './source-file.js';

/** The files of one asset directory. */
export interface AssetGroup {
  readonly settings: AssetSettings;
  readonly files: readonly SourceFile[];
}

export interface SplitFiles {
  readonly app: readonly SourceFile[];
  readonly assets: readonly AssetGroup[];
}

/** What was made of asset directories. */
export interface CollectedAssets {
  readonly units: readonly CollectedUnit[];
  /** Units of the cache that hold the compressed forms. */
  readonly forms: readonly FinishedUnit[];
  readonly counts: AssetCounts;
}

export interface AssetCounts {
  /** Files of asset directories, compressed forms not counted. */
  readonly files: number;
  /** Compressed forms that ship with them, those that the app's build has made not counted. */
  readonly compressed: number;
  /** How often something was compressed in this run; everything else came from the cache. */
  readonly compressedNow: number;
}

/** Throws E_CONFIG_INVALID, naming the key, when a directory has nothing that ships. */
export function splitAssets(files: readonly SourceFile[], settings: readonly AssetSettings[]): SplitFiles {
  const assets = settings.map((each) => ({
    settings: each,
    files: files.filter(({ path }) => isAtOrBelow(path, each.directory)),
  }));
  for (const group of assets) checkGroup(group);
  const taken = new Set(assets.flatMap((group) => group.files));
  return { app: taken.size === 0 ? files : files.filter((file) => !taken.has(file)), assets };
}

function checkGroup({ settings, files }: AssetGroup): void {
  const { key, directory } = settings;
  const isDirectory = !files.some(({ path, kind }) => path === directory && kind !== 'directory');
  if (isDirectory && files.some(({ kind }) => kind === 'file')) return;
  const what = isDirectory ? 'has no file that ships' : 'is no directory';
  throw new SalverError('E_CONFIG_INVALID', `${key}: "${printable(directory)}" ${what}`, {
    hint: 'is it what the build makes? see `files`, .gitignore and .salverignore for what ships',
    facts: { key, path: printable(directory) },
  });
}

/** Packs all groups, one unit each. Throws as `findForms`, E_PATH_UNSAFE. */
export async function packAssets(
  groups: readonly AssetGroup[],
  executablePaths: ReadonlySet<string>,
  options: FormsOptions,
): Promise<CollectedAssets> {
  const units: CollectedUnit[] = [];
  const forms: FinishedUnit[] = [];
  const counts = { files: 0, compressed: 0, compressedNow: 0 };
  for (const { settings, files } of groups) {
    const { directory, facts: assets } = settings;
    const entries = appEntries(files, [], executablePaths).filter(({ path }) => isAtOrBelow(path, directory));
    const found = await findForms(entries, settings.compress, options);
    const content = await options.cache.storeContentUnit(directory, [...entries, ...found.entries]);
    units.push({ kind: 'assets', name: directory, path: directory, assets, content });
    forms.push(...found.units);
    counts.files += entries.filter(isFile).length;
    counts.compressed += found.entries.length;
    counts.compressedNow += found.made;
  }
  return { units, forms, counts };
}

function isFile({ kind }: PackEntry): boolean {
  return kind === 'file';
}
