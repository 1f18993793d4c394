// Small artifacts that would make a careless reader use all memory, time or disk.
import { constants, deflateRawSync } from 'node:zlib';
import { bomb } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { headMemberOf, sealUnits, sealed, sealedMembers } from './seal.js';
import type { Json } from './seal.js';
import { directory, file, longLink, rawBytes, symlink } from './tar-part.js';
import type { TarPart } from './tar-part.js';

const MIB = 1024 * 1024;

/** A deflate stream of `mebibytes` MiB of one byte. */
function longStream(mebibytes: number, byte: number): Buffer {
  const piece = deflateRawSync(Buffer.alloc(MIB, byte), { finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array.from({ length: mebibytes }, () => piece), Buffer.from('0300', 'hex')]);
}

export const zeroBombs: HostileClass = {
  name: 'zero bombs',
  cases: [
    ...[12, 100, 1024, 4096].map((mebibytes) =>
      bomb(
        `a head of ${mebibytes} MiB of zeros`,
        () => sealed([], { headMember: () => headMemberOf(longStream(mebibytes, 0), Buffer.alloc(8)) }),
        'E_ARTIFACT_DAMAGED',
      ),
    ),
    bomb(
      'a member of 4 GiB of zeros that states 1 MiB',
      () =>
        sealed([rawBytes(Buffer.alloc(MIB))], {
          stored: ([member = Buffer.alloc(0)]) => [
            Buffer.concat([member.subarray(0, 10), longStream(1024, 0), member.subarray(-8)]),
          ],
        }),
      'E_ARTIFACT_DAMAGED',
    ),
    bomb('200 members of 1 MiB of zeros', () =>
      sealedMembers(Array.from({ length: 200 }, () => [rawBytes(Buffer.alloc(MIB))])),
    ),
  ],
};

/** Bombs of bytes: what is announced is far more than what is there, or the other way round. */
export const byteBombs: HostileClass = {
  name: 'byte bombs',
  cases: [
    bomb('a file of 8 GiB that states one byte', () =>
      sealedMembers([[file('a', '', { size: 2 ** 33 - 1 })], ...zeroPieces(200)], {
        manifest: withUnit({ entries: 1, sizeBytes: 1 }),
      }),
    ),
    bomb('more files than bytes stated', () =>
      sealedMembers(
        Array.from({ length: 50 }, (_, index) => [file(`a${100 + index}`, Buffer.alloc(200 * 1024))]),
        { manifest: withUnit({ entries: 50, sizeBytes: 200 * 1024 }) },
      ),
    ),
    bomb('64 GiB stated by a small manifest', () =>
      sealedMembers([[file('a', '', { size: 2 ** 33 - 1 })], ...zeroPieces(2)], {
        manifest: withUnit({ sizeBytes: 2 ** 36 }),
      }),
    ),
  ],
};

function zeroPieces(count: number): TarPart[][] {
  return Array.from({ length: count }, () => [rawBytes(Buffer.alloc(MIB))]);
}

function withUnit(edit: Json): (manifest: Json) => Json {
  return (manifest) => ({
    ...manifest,
    units: (manifest.units as Json[]).map((unit) => ({ ...unit, ...edit })),
  });
}

const names = (count: number, make: (name: string) => TarPart): TarPart[][] => {
  const members: TarPart[][] = [];
  for (let index = 0; index < count; index += 1) {
    if (index % 2000 === 0) members.push([]);
    members.at(-1)?.push(make(`n${1_000_000 + index}`));
  }
  return members;
};

export const countBombs: HostileClass = {
  name: 'count bombs',
  cases: [
    bomb('100,000 directories in a unit that states one', () =>
      sealedMembers(names(100_000, directory), { manifest: withUnit({ entries: 1 }) }),
    ),
    bomb('100,000 files in a unit that states none', () =>
      sealedMembers(
        names(100_000, (name) => file(name)),
        { manifest: withUnit({ entries: 0 }) },
      ),
    ),
    bomb('100,000 links that lead nowhere, the last one out', () =>
      sealedMembers([...names(100_000, (name) => symlink(name, 'x')), [symlink('z', '..')]]),
    ),
    bomb(
      '100,000 units',
      () =>
        sealUnits(
          Array.from({ length: 100_000 }, (_, index) => ({
            kind: 'npm',
            name: `u${index}`,
            path: 'a',
            members: [],
          })),
          { manifest: (manifest) => ({ ...manifest, target: 'plan9-mips' }) },
        ),
      'E_PLATFORM_MISMATCH',
    ),
    bomb(
      '100,001 units',
      () => sealUnits(Array.from({ length: 100_001 }, (_, index) => ({ name: `u${index}`, members: [] }))),
      'E_MANIFEST_INVALID',
    ),
    bomb('links through a chain of 39 that carry 500 directories each', () =>
      sealedMembers([heavyChain(39), ...names(3000, (name) => symlink(name, 'm100'))]),
    ),
  ],
};

/** A chain whose links carry long ways along, to be walked at its end. */
function heavyChain(length: number): TarPart[] {
  return Array.from({ length }, (_, index) => {
    const target = `${index + 1 < length ? `m${101 + index}` : 'end'}${'/x'.repeat(500)}`;
    return [longLink(target), symlink(`m${100 + index}`, target.slice(0, 100))];
  }).flat();
}

const jsonBomb = (what: string, make: () => string): HostileCase =>
  bomb(what, () => sealed([file('a', 'x')], { manifestText: make }), 'E_MANIFEST_INVALID');

const COUNT = 2_500_000;

export const jsonBombs: HostileClass = {
  name: 'JSON bombs',
  cases: [
    jsonBomb('10 MB of lists in each other', () => `${'['.repeat(2 * COUNT)}${']'.repeat(2 * COUNT)}`),
    jsonBomb('an unfinished list of lists', () => '['.repeat(4 * COUNT)),
    jsonBomb('7 MB of empty lists', () => `[${'[],'.repeat(COUNT)}[]]`),
    jsonBomb('7 MB of empty objects', () => `[${'{},'.repeat(COUNT)}{}]`),
    jsonBomb('7 MB of objects in each other', () => `${'{"a":'.repeat(COUNT / 2)}1${'}'.repeat(COUNT / 2)}`),
    bomb(
      '600,000 keys',
      () =>
        sealed([file('a', 'x')], {
          manifest: () => Object.fromEntries(Array.from({ length: 600_000 }, (_, index) => [`k${index}`, 0])),
        }),
      'E_FORMAT_UNKNOWN',
    ),
    jsonBomb('600,000 strings', () =>
      JSON.stringify(Array.from({ length: 600_000 }, (_, index) => `s${index}`)),
    ),
    jsonBomb('5 million numbers', () => `[${'0,'.repeat(2 * COUNT)}0]`),
    jsonBomb('one string of 11 MB', () => `"${'x'.repeat(4.4 * COUNT)}"`),
    jsonBomb('one string of 11 MB in two-byte characters', () => `"${'日'.repeat(1.4 * COUNT)}"`),
    bomb(
      '130 MB of lists',
      () => sealed([file('a', 'x')], { manifestText: () => '['.repeat(130 * MIB) }),
      'E_ARTIFACT_DAMAGED',
    ),
    bomb(
      'a pattern that takes for ever on its own default',
      () =>
        sealed([file('a', 'x')], {
          manifest: (manifest) => ({
            ...manifest,
            host: { env: { A: { default: `${'a'.repeat(60)}!`, pattern: '(a+)+' } } },
          }),
        }),
      'E_ENV_UNMET',
    ),
  ],
};
