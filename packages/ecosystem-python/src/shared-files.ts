// Files that two wheels bring. The same bytes in both are common (an empty tests/__init__.py); a release names the file
// once, so all but the first unit leave it out. Different bytes mean that one package breaks the other: pip lets the one
// that is installed last win, silently; a build refuses.
import { SalverError, printable, sha256Hex } from '@salver/core';
import type { BuildCache, PackEntry } from '@salver/core';
import type { PackageUnit } from './package-unit.js';
import { sharedFilesKey } from './unit-key.js';

/** Paths that each unit leaves out, by the unit's place in the list. Remembered for the set. Throws E_FILE_CONFLICT. */
export function findSharedFiles(
  units: readonly PackageUnit[],
  cache: BuildCache,
): ReadonlyMap<number, ReadonlySet<string>> {
  const key = sharedFilesKey(units.map(({ content }) => content.key));
  const known = cache.findNote(key) as readonly (readonly [number, readonly string[]])[] | undefined;
  const shared = known ?? compareUnits(units, cache);
  if (known === undefined) cache.storeNote(key, shared);
  return new Map(shared.map(([index, paths]) => [index, new Set(paths)]));
}

function compareUnits(
  units: readonly PackageUnit[],
  cache: BuildCache,
): readonly (readonly [number, readonly string[]])[] {
  const owners = new Map<string, { readonly index: number; readonly entry: PackEntry }>();
  const shared = new Map<number, string[]>();
  for (const [index, unit] of units.entries()) {
    for (const entry of sourcesFirst(cache.readUnit(unit.content))) {
      const folded = entry.path.normalize('NFC').toLowerCase();
      const owner = owners.get(folded);
      if (owner === undefined) owners.set(folded, { index, entry });
      else if (isSameFile(owner.entry, entry)) shared.set(index, [...(shared.get(index) ?? []), entry.path]);
      else throw conflict(entry.path, units[owner.index], unit);
    }
  }
  return [...shared];
}

/** Bytecode differs where its source does: the source is what a message should name. */
function sourcesFirst(entries: readonly PackEntry[]): readonly PackEntry[] {
  const isBytecode = ({ path }: PackEntry): boolean => path.includes('/__pycache__/');
  return [...entries.filter((entry) => !isBytecode(entry)), ...entries.filter(isBytecode)];
}

function isSameFile(a: PackEntry, b: PackEntry): boolean {
  if (a.path !== b.path || a.sizeBytes !== b.sizeBytes || a.executable !== b.executable) return false;
  return sha256Hex(a.readSync(0, a.sizeBytes)) === sha256Hex(b.readSync(0, b.sizeBytes));
}

function conflict(path: string, first: PackageUnit | undefined, second: PackageUnit): SalverError {
  const names = [first, second].map((unit) => printable(`${unit?.item.name ?? ''} ${unit?.version ?? ''}`));
  return new SalverError(
    'E_FILE_CONFLICT',
    `${names.join(' and ')} both bring ${printable(path)}, with different content`,
    {
      hint: 'one of them breaks the other wherever both are installed: lock only one',
      facts: { path: printable(path), packages: names },
    },
  );
}
