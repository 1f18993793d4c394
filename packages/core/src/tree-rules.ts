// The rules that only a whole tree can break (docs/format.md sections 3 and 5): one entry per path, nothing
// below a file or link, entries in order inside their unit, links that stay inside, counts that agree.
import { comparePaths, isAtOrBelow } from './archive-path.js';
import type { Entry, EntryKind } from './entry.js';
import { SalverError, printable } from './errors.js';
import { LinkResolver } from './link-resolver.js';
import type { Manifest, Unit } from './manifest.js';

/** Directory of the head and of `salver` units. */
const OWN_DIRECTORY = '.salver';

/** Checks entries one by one as they come, from parsed members or from records of linked ones. */
export class TreeRules {
  readonly #kinds = new Map<string, EntryKind>([[OWN_DIRECTORY, 'directory']]);
  /** Directories that something lies below, to find those without an entry of their own. */
  readonly #implied = new Set<string>();
  readonly #links = new Map<string, string>();
  readonly #units: readonly Unit[];
  readonly #shared: readonly string[];
  #unitIndex = -1;
  #entriesLeft = 0;
  #bytesLeft = 0;
  #pathBefore = '';

  constructor(manifest: Manifest) {
    this.#units = manifest.units;
    this.#shared = manifest.host.shared ?? [];
    for (const name of ['layout.json', 'manifest.json', 'source.json']) {
      this.#kinds.set(`${OWN_DIRECTORY}/${name}`, 'file');
    }
  }

  /** Begins the next unit in manifest order; the one before must be complete. */
  beginUnit(): void {
    this.#endUnit();
    this.#unitIndex += 1;
    const unit = this.#units[this.#unitIndex];
    this.#entriesLeft = unit?.entries ?? 0;
    this.#bytesLeft = unit?.sizeBytes ?? 0;
    this.#pathBefore = '';
  }

  /** Takes the next entry of the current unit. Throws E_ARTIFACT_HOSTILE. */
  accept(entry: Entry): void {
    const unit = this.#units[this.#unitIndex];
    if (unit === undefined) throw refused(entry.path, 'it belongs to no unit');
    const { path } = entry;
    if (!isAtOrBelow(path, unit.path))
      throw refused(path, `it lies outside its unit "${printable(unit.path)}"`);
    if (isAtOrBelow(path, OWN_DIRECTORY) !== (unit.kind === 'salver'))
      throw refused(path, `it may not lie in a unit of kind ${unit.kind}`);
    if (this.#pathBefore !== '' && comparePaths(this.#pathBefore, path) >= 0)
      throw refused(path, 'it is out of order');
    this.#pathBefore = path;
    this.#entriesLeft -= 1;
    this.#bytesLeft -= entry.sizeBytes;
    // At once: room on the disk was checked for what the unit states.
    if (this.#entriesLeft < 0 || this.#bytesLeft < 0)
      throw refused(path, `its unit "${printable(unit.name)}" holds more than it states`);
    if (this.#kinds.has(path)) throw refused(path, 'it is there twice');
    if (entry.kind !== 'directory' && this.#implied.has(path))
      throw refused(path, 'other entries lie below it');
    this.#kinds.set(path, entry.kind);
    if (entry.kind === 'symlink') this.#links.set(path, entry.linkTarget);
    this.#checkParents(path);
  }

  #checkParents(path: string): void {
    let slash = path.lastIndexOf('/');
    while (slash !== -1) {
      const parent = path.slice(0, slash);
      // Once seen, all parents above were checked as well.
      if (this.#implied.has(parent)) return;
      const kind = this.#kinds.get(parent);
      if (kind !== undefined && kind !== 'directory')
        throw refused(path, `it lies below the ${kind} "${printable(parent)}"`);
      this.#implied.add(parent);
      slash = parent.lastIndexOf('/');
    }
  }

  #endUnit(): void {
    const unit = this.#units[this.#unitIndex];
    if (unit !== undefined && (this.#entriesLeft !== 0 || this.#bytesLeft !== 0)) {
      throw new SalverError(
        'E_ARTIFACT_HOSTILE',
        `the unit "${printable(unit.name)}" does not hold the entries it states`,
      );
    }
  }

  /** Ends the tree: all units complete, every directory has an entry, no link leaves the top. */
  finish(): void {
    this.#endUnit();
    if (this.#unitIndex !== this.#units.length - 1)
      throw new SalverError('E_ARTIFACT_HOSTILE', 'units are missing');
    for (const directory of this.#implied) {
      if (!this.#kinds.has(directory)) throw refused(directory, 'the directory has no entry of its own');
    }
    const resolver = new LinkResolver(this.#links, this.#shared);
    for (const path of this.#links.keys()) {
      const problem = resolver.problemOf(path);
      if (problem !== undefined) throw refused(path, `the link is not allowed: ${problem}`);
    }
  }
}

function refused(path: string, why: string): SalverError {
  return new SalverError('E_ARTIFACT_HOSTILE', `"${printable(path)}" is refused: ${why}`, {
    hint: 'do not use this file: build the release again and compare who wrote it',
    facts: { path: printable(path) },
  });
}
