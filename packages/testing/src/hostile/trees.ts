// Entries that are right one by one and wrong together: twice, out of order, in each other, outside their unit.
import { accepts, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealUnits, sealed, sealedMembers } from './seal.js';
import type { Json } from './seal.js';
import { directory, file, longName, symlink } from './tar-part.js';
import type { TarPart } from './tar-part.js';

export const duplicates: HostileClass = {
  name: 'duplicates',
  cases: [
    refuses('a file twice', () => sealed([file('a', '1'), file('a', '2')])),
    refuses('a directory twice', () => sealed([directory('a'), directory('a')])),
    refuses('a link twice', () => sealed([symlink('a', 'b'), symlink('a', 'c')])),
    refuses('a file and a directory of one name', () => sealed([directory('a'), file('a', 'x')])),
    refuses('a directory and a link of one name', () => sealed([directory('a'), symlink('a', 'b')])),
    refuses('a file twice in two members', () => sealedMembers([[file('a', '1')], [file('a', '2')]])),
    refuses('a file twice in two units', () =>
      sealUnits([
        { kind: 'npm', name: 'a', path: 'a', members: [[file('a', '1')]] },
        { members: [[file('a', '2')]] },
      ]),
    ),
    refuses('the same unit twice', () => {
      const unit = { kind: 'npm', name: 'a', path: 'a', members: [[file('a', '1')]] };
      return sealUnits([unit, unit]);
    }),
  ],
};

export const wrongOrder: HostileClass = {
  name: 'wrong order',
  cases: [
    refuses('two files', () => sealed([file('b', '1'), file('a', '2')])),
    refuses('a directory behind its content', () =>
      sealed([directory('b'), file('b/c', '1'), directory('a')]),
    ),
    refuses('bytes above ASCII', () => sealed([file('\u{10000}', '1'), file('\uffee', '2')])),
    refuses('two members', () => sealedMembers([[file('b', '1')], [file('a', '2')]])),
    accepts('names that sort as bytes, not as UTF-16', { '\uffee': 'file 1', '\u{10000}': 'file 2' }, () =>
      sealed([file('\uffee', '1'), file('\u{10000}', '2')]),
    ),
  ],
};

export const prefixConflicts: HostileClass = {
  name: 'files and directories in conflict',
  cases: [
    refuses('a file below a file', () => sealed([file('a', '1'), file('a/b', '2')])),
    refuses('a directory below a file', () => sealed([file('a', '1'), directory('a/b')])),
    refuses('a file where other entries lie below', () =>
      sealUnits([
        { kind: 'npm', name: 'b', path: 'a/b', members: [[file('a/b', '1')]] },
        { members: [[file('a', '2')]] },
      ]),
    ),
    refuses('a directory without an entry', () => sealed([file('a/b', '1')])),
    refuses('a directory whose parent has no entry', () => sealed([directory('a/b'), file('a/b/c', '1')])),
    refuses('65 directories in each other', () => sealed(nested(65))),
    accepts('64 directories in each other', nestedTree(64), () => sealed(nested(64))),
  ],
};

function nestedPath(depth: number): string {
  return Array.from({ length: depth }, () => 'd').join('/');
}

function nested(depth: number): readonly TarPart[] {
  return Array.from({ length: depth }, (_, index) => index + 1).flatMap((level) => {
    const path = nestedPath(level);
    if (path.length < 100) return [directory(path)];
    return [longName(`${path}/`), directory(path.slice(0, 100))];
  });
}

function nestedTree(depth: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: depth }, (_, index) => [nestedPath(index + 1), 'directory']),
  );
}

export const outsideUnits: HostileClass = {
  name: 'entries outside their unit',
  cases: [
    refuses('a file beside its unit', () =>
      sealUnits([{ kind: 'npm', name: 'a', path: 'node_modules/a', members: [[file('server.js', 'x')]] }]),
    ),
    refuses('a file whose path begins like the unit', () =>
      sealUnits([{ kind: 'npm', name: 'a', path: 'a', members: [[file('ab', 'x')]] }]),
    ),
    refuses('the unit directory of another unit', () =>
      sealUnits([
        { kind: 'npm', name: 'a', path: 'a', members: [[directory('a')]] },
        { kind: 'npm', name: 'b', path: 'b', members: [[directory('b'), file('b/../a/x', '1')]] },
      ]),
    ),
    refuses('a file below .salver in an app unit', () => sealed([file('.salver/x', '1')])),
    refuses('another manifest', () => sealed([file('.salver/manifest.json', '{}')])),
    refuses('a directory .salver in an app unit', () => sealed([directory('.salver')])),
    refuses('a file in place of .salver', () => sealed([file('.salver', 'x')])),
    refuses('a link in place of .salver', () => sealed([symlink('.salver', 'a')])),
    refuses('the record of shared content', () => sealed([file('.salver/shared/x', '1')])),
    refuses('another manifest in a salver unit', () =>
      sealUnits([{ kind: 'salver', name: 'x', path: '', members: [[file('.salver/manifest.json', '{}')]] }]),
    ),
    refuses('the app in a salver unit', () =>
      sealUnits([{ kind: 'salver', name: 'x', path: '', members: [[file('server.js', 'x')]] }]),
    ),
    refuses('the directory .salver again, in a salver unit', () =>
      sealUnits([{ kind: 'salver', name: 'x', path: '', members: [[directory('.salver')]] }]),
    ),
    accepts('names that only begin like .salver', { '.salver2': 'file 1', '.salverx': 'directory' }, () =>
      sealed([file('.salver2', '1'), directory('.salverx')]),
    ),
  ],
};

type UnitEdit = (unit: Json) => Json;

const refusesCounts = (what: string, edit: UnitEdit): HostileCase =>
  refuses(what, () =>
    sealed([directory('a'), file('a/b', 'four')], {
      manifest: (manifest) => ({ ...manifest, units: (manifest.units as Json[]).map(edit) }),
    }),
  );

export const wrongCounts: HostileClass = {
  name: 'wrong counts of a unit',
  cases: [
    refusesCounts('one entry too few', (unit) => ({ ...unit, entries: 1 })),
    refusesCounts('one entry too many', (unit) => ({ ...unit, entries: 3 })),
    refusesCounts('no entries', (unit) => ({ ...unit, entries: 0 })),
    refusesCounts('one byte too few', (unit) => ({ ...unit, sizeBytes: 3 })),
    refusesCounts('one byte too many', (unit) => ({ ...unit, sizeBytes: 5 })),
    refuses('an empty unit that claims entries', () =>
      sealed([], {
        manifest: (manifest) => ({
          ...manifest,
          units: (manifest.units as Json[]).map((unit) => ({ ...unit, entries: 5, members: [] })),
        }),
        stored: () => [],
      }),
    ),
    refuses('counts that are right in sum and wrong for each unit', () =>
      sealUnits(
        [
          { kind: 'npm', name: 'a', path: 'a', members: [[file('a', '1')]] },
          { members: [[file('b', '2'), file('c', '3')]] },
        ],
        {
          manifest: (manifest) => ({
            ...manifest,
            units: (manifest.units as Json[]).map((unit, index) => ({ ...unit, entries: 2 - index })),
          }),
        },
      ),
    ),
    refuses('an entry that goes on in the member of the next unit', () =>
      sealUnits([
        { kind: 'npm', name: 'a', path: 'a', members: [[file('a', '', { size: 300_000 })]] },
        { members: [[file('b', '2')]] },
      ]),
    ),
  ],
};
