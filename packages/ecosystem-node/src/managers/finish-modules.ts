// What was found in node_modules becomes finished units. A unit is known by its content, so that two installations
// of one lock, wherever they were made, give the same.
import type { BuildCache, CollectedUnit, FinishedUnit, PackEntry } from '@salver/core';
import { SalverError, canonicalJson, comparePaths, createSha256, printable, sha256Hex } from '@salver/core';
import { directoryEntries } from '../entry-directories.js';
import { keepInsideLinks } from '../inside-links.js';
import { packageEntries } from './walk-modules.js';
import type { FoundModules, FoundPackage } from './walk-modules.js';

/** Raised whenever a unit gets other bytes for the same files. */
const CONTENT_FORMAT = 1;
const READ_BYTES = 1024 * 1024;

export interface FinishInput {
  readonly cache: BuildCache;
  /** Top of the tree on disk. */
  readonly topDir: string;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

export interface FinishedPackage {
  readonly unit: CollectedUnit;
  /** False when it was packed now. */
  readonly isCached: boolean;
}

/** One unit for each package. Throws E_FILE_SYSTEM, E_LIMIT_EXCEEDED, and what storing units throws. */
export async function finishPackage(
  found: FoundPackage,
  input: FinishInput,
  entries: readonly PackEntry[] = packageEntries(input.topDir, found),
): Promise<FinishedPackage> {
  const { cache, topDir, signal } = input;
  if (signal.aborted)
    throw new SalverError('E_INTERRUPTED', `interrupted while packing ${printable(found.path)}`);
  const inside = keepInsideLinks(entries, topDir, input.warn);
  const all = [...directoryEntries(found.path, inside), ...inside];
  const key = contentKey('package', all, topDir, (path) =>
    input.warn(`${printable(path)} names the directory it was built in; another build will differ`),
  );
  const known = cache.findUnit(key);
  const content = known ?? (await cache.storeUnit(key, all));
  return { unit: unitOf(found, content), isCached: known !== undefined };
}

/** What belongs to no package: one unit for each outermost node_modules directory. */
export async function finishLinks(
  links: FoundModules['links'],
  { cache, topDir }: Pick<FinishInput, 'cache' | 'topDir'>,
): Promise<readonly CollectedUnit[]> {
  const units: CollectedUnit[] = [];
  for (const [root, entries] of [...links].sort(([a], [b]) => comparePaths(a, b))) {
    const key = contentKey('links', entries, topDir, (path) => {
      throw new SalverError('E_PATH_UNSAFE', `${printable(path)} names the directory it was installed in`, {
        hint: 'it would not work in a release: set the manager up to write links instead of scripts',
        facts: { path: printable(path) },
      });
    });
    const content = cache.findUnit(key) ?? (await cache.storeUnit(key, entries));
    units.push({ kind: 'npm-links', name: root, path: root, content });
  }
  return units;
}

function unitOf({ path, name, version }: FoundPackage, content: FinishedUnit): CollectedUnit {
  return version === undefined
    ? { kind: 'npm-extra', name, path, content }
    : { kind: 'npm', name, version, path, content };
}

/** Calls `onTopDir` for every file whose bytes name the directory the tree lies in. */
function contentKey(
  what: string,
  entries: readonly PackEntry[],
  topDir: string,
  onTopDir: (path: string) => void,
): string {
  const needle = Buffer.from(topDir);
  const rows = entries.map((entry) => {
    const { digest, found } = readThrough(entry, needle);
    if (found) onTopDir(entry.path);
    return [entry.path, entry.kind, entry.executable, entry.linkTarget, entry.sizeBytes, digest];
  });
  return `npm-managed:${CONTENT_FORMAT}:${what}:${sha256Hex(canonicalJson(rows))}`;
}

function readThrough(entry: PackEntry, needle: Buffer): { readonly digest: string; readonly found: boolean } {
  if (entry.kind !== 'file') return { digest: '', found: false };
  const digest = createSha256();
  let found = false;
  let before = Buffer.alloc(0);
  for (let offset = 0; offset < entry.sizeBytes; offset += READ_BYTES) {
    const piece = Buffer.from(entry.readSync(offset, Math.min(READ_BYTES, entry.sizeBytes - offset)));
    digest.update(piece);
    // The end of one piece goes before the next, so that the name is found across their border.
    found ||= Buffer.concat([before, piece]).includes(needle);
    before = piece.subarray(-needle.length);
  }
  return { digest: digest.digestHex(), found };
}
