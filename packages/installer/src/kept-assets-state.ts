// When each file below `shared/static` was last part of the current release: from then on it is kept for its time.
// Written before files are placed and after they are removed, so that no file of ours is ever without a line in it.
import { readFileSync } from 'node:fs';
import type { HostPaths } from './host-paths.js';
import { writeDurably } from './write-durably.js';

export interface KeptAsset {
  /** ISO time at which it was part of the current release for the last time that is known. */
  readonly lastCurrentAt: string;
  /** As its release said: `30d`. */
  readonly keep: string;
}

/** By path below `shared/static`. */
export type KeptAssets = ReadonlyMap<string, KeptAsset>;

/** Nothing when there is no state that can be read: files it spoke of stay, unless a release brings them again. */
export function readKeptAssets(paths: HostPaths): KeptAssets {
  try {
    const { format, files } = JSON.parse(readFileSync(paths.keptAssetsState, 'utf8')) as {
      readonly format: unknown;
      readonly files: Readonly<Record<string, KeptAsset>>;
    };
    return new Map(format === 1 ? Object.entries(files) : []);
  } catch {
    return new Map();
  }
}

/** A crash leaves the old state. Throws the system's error. */
export function writeKeptAssets(paths: HostPaths, kept: KeptAssets): void {
  const files = Object.fromEntries([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeDurably(paths.keptAssetsState, [`${JSON.stringify({ format: 1, files })}\n`]);
}
