// Entries -> members and facts: what every finished unit goes through, whether it is stored as one file or
// as single members.
import { measureNeeds, packEntries } from '@salver/core';
import type { FinishedMember, PackEntry, PackOptions, Target, UnitFacts } from '@salver/core';

export interface PackedUnit {
  readonly facts: UnitFacts;
  readonly members: readonly FinishedMember[];
}

export interface PackUnitOptions extends PackOptions {
  readonly target: Target;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Packs a unit, handing each member to `onMember`, and measures it. Throws what `packEntries` throws. */
export async function packUnit(entries: readonly PackEntry[], options: PackUnitOptions): Promise<PackedUnit> {
  const members: FinishedMember[] = [];
  const elfPaths = new Set<string>();
  const totals = await packEntries(
    entries.map((entry) => notingElf(entry, elfPaths)),
    {
      ...(options.findStored === undefined ? {} : { findStored: options.findStored }),
      cuts: options.cuts,
      onMember: (member) => {
        const { rawBytes, rawDigest, stored, storedCrc32 } = member;
        members.push({ rawBytes, rawDigest, storedBytes: stored.length, storedCrc32 });
        return options.onMember(member);
      },
    },
  );
  const measured = measureNeeds(
    entries.filter((entry) => entry.kind === 'symlink' || elfPaths.has(entry.path)),
    options.target,
  );
  const facts = {
    ...totals,
    needs: measured.needs,
    provides: measured.provides,
    dependencyDirectories: dependencyDirectories(entries),
    extra: options.extra ?? {},
  };
  return { facts, members };
}

const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1');

/** Packing reads every file anyway: noting the ELF files then saves opening all of them once more. */
function notingElf(entry: PackEntry, elfPaths: Set<string>): PackEntry {
  if (entry.kind !== 'file') return entry;
  return {
    ...withoutRead(entry),
    readSync: (offset, length) => {
      const bytes = entry.readSync(offset, length);
      if (offset === 0 && startsWithElfMagic(bytes)) elfPaths.add(entry.path);
      return bytes;
    },
  };
}

function startsWithElfMagic(bytes: Uint8Array): boolean {
  return ELF_MAGIC.equals(bytes.subarray(0, ELF_MAGIC.length));
}

/** The plain fields: entries may be objects with getters or methods on a prototype. */
function withoutRead(entry: PackEntry): Omit<PackEntry, 'readSync'> {
  const { path, kind, executable, sizeBytes, linkTarget } = entry;
  return { path, kind, executable, sizeBytes, linkTarget };
}

/** Directories named `node_modules` or lying directly in one as a scope. */
function dependencyDirectories(entries: readonly PackEntry[]): readonly string[] {
  return entries
    .filter((entry) => entry.kind === 'directory' && /(?:^|\/)node_modules(?:\/@[^/]*)?$/.test(entry.path))
    .map((entry) => entry.path)
    .sort();
}
