// `assets` of salver.json, with defaults, and what its directories must not be to each other and to shared paths.
import { isAtOrBelow, urlProblem } from '@salver/core';
import type { AssetEncoding, UnitAssets } from '@salver/core';

/** One directory as it stands in the file. */
export interface AssetDirectory extends Partial<UnitAssets> {
  readonly directory: string;
  readonly compress?: readonly AssetEncoding[];
}

/** One directory of static files. */
export interface AssetSettings {
  /** Where the configuration says so, for messages: `assets.0.directory`. */
  readonly key: string;
  readonly directory: string;
  readonly compress: readonly AssetEncoding[];
  /** What goes into the manifest. */
  readonly facts: UnitAssets;
}

interface Problem {
  readonly key: string;
  readonly text: string;
}

/** Below this name of ROOT/shared hosts keep assets. */
const HOST_DIRECTORY = 'static';

/** The settings, or what is wrong with them. */
export function assetSettings(
  given: AssetDirectory | readonly AssetDirectory[],
  shared: readonly string[],
): { readonly settings: readonly AssetSettings[]; readonly problem?: Problem } {
  const isList = (value: typeof given): value is readonly AssetDirectory[] => Array.isArray(value);
  const list = isList(given) ? given : [given];
  const settings = list.map((each, index) => settingsOf(each, isList(given) ? `assets.${index}` : 'assets'));
  for (const [index, each] of settings.entries()) {
    const problem = problemOf(each, settings.slice(0, index), shared);
    if (problem !== undefined) return { settings, problem };
  }
  return { settings };
}

function settingsOf(given: AssetDirectory, place: string): AssetSettings {
  const { directory, url = `/${directory}/`, compress = ['gzip', 'br'], immutable, keep } = given;
  return {
    key: `${place}.directory`,
    directory,
    compress,
    facts: {
      url,
      ...(immutable === undefined ? {} : { immutable }),
      ...(keep === undefined ? {} : { keep }),
    },
  };
}

function problemOf(
  { key, directory, facts }: AssetSettings,
  before: readonly AssetSettings[],
  shared: readonly string[],
): Problem | undefined {
  const overlaps = (other: string): boolean => isAtOrBelow(directory, other) || isAtOrBelow(other, directory);
  const urlKey = key.replace(/directory$/, 'url');
  const url = urlProblem(facts.url);
  if (url !== undefined) return { key: urlKey, text: `is needed, as "${facts.url}" is no URL path: ${url}` };
  const other = before.find((each) => overlaps(each.directory));
  if (other !== undefined) return { key, text: `must not lie in, hold or repeat "${other.directory}"` };
  const sameUrl = before.find((each) => each.facts.url === facts.url);
  if (sameUrl !== undefined) return { key: urlKey, text: `is that of "${sameUrl.directory}" as well` };
  if (isAtOrBelow(directory, '.salver') || directory.split('/').includes('node_modules'))
    return { key, text: 'must be a directory of the app' };
  const path = shared.find(overlaps);
  if (path !== undefined) return { key, text: `must not lie in or hold the shared path "${path}"` };
  if (facts.keep !== undefined && shared.some((each) => isAtOrBelow(each, HOST_DIRECTORY))) {
    return { key: key.replace(/directory$/, 'keep'), text: 'needs shared/static, which is in "shared"' };
  }
  return undefined;
}
