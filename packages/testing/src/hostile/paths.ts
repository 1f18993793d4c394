// Names that lead out of the release: absolute ones, `..`, drives and backslashes.
import { accepts, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed } from './seal.js';
import { directory, file, longName, rawBytes, symlink } from './tar-part.js';

const refusesFile = (name: string): HostileCase =>
  refuses(`a file called ${JSON.stringify(name)}`, () => sealed([file(name, 'x')]));

export const absolutePaths: HostileClass = {
  name: 'absolute paths',
  cases: [
    ...['/etc/cron.d/x', '//etc/x', '///x', '/', '/.', '/../x', '/tmp/../etc/x'].map(refusesFile),
    refuses('an absolute directory', () => sealed([directory('/tmp/hostile')])),
    refuses('an absolute link', () => sealed([symlink('/tmp/hostile', 'a')])),
    refuses('an absolute long name', () => {
      const name = `/tmp/${'a'.repeat(120)}`;
      return sealed([longName(name), file(name.slice(0, 100), 'x')]);
    }),
  ],
};

export const dotDotPaths: HostileClass = {
  name: 'paths with ..',
  cases: [
    ...[
      '../sentinel',
      '..',
      'a/..',
      'a/../../sentinel',
      './../sentinel',
      './a',
      'a/./b',
      '.',
      'a//b',
      '',
    ].map(refusesFile),
    ...['../../../../sentinel', '.salver/../../sentinel'].map(refusesFile),
    refuses('a directory that climbs out', () => sealed([directory('../outside')])),
    refuses('a directory called ..', () => sealed([directory('..')])),
    refuses('a directory without a name', () => sealed([directory('')])),
    refuses('a directory whose name ends with two slashes', () => sealed([directory('a/')])),
    refuses('a file whose name ends with a slash', () => sealed([file('a/', 'x')])),
    refuses('a link that climbs out by its own name', () => sealed([symlink('../a', 'b')])),
    refuses('a long name that climbs out', () => {
      const name = `${'a/'.repeat(55)}${'../'.repeat(56)}sentinel`;
      return sealed([longName(name), file(name.slice(0, 100), 'x')]);
    }),
    refuses('a name whose first 100 bytes are harmless and whose rest climbs out', () => {
      const start = `${'a'.repeat(98)}/b`;
      return sealed([longName(`${start}/../../../sentinel`), file(start, 'x')]);
    }),
    accepts('names that only look like ..', { '...': 'file 1', '..a': 'file 2', 'a..': 'file 3' }, () =>
      sealed([file('...', '1'), file('..a', '2'), file('a..', '3')]),
    ),
  ],
};

export const foreignSeparators: HostileClass = {
  name: 'drives and backslashes',
  cases: [
    ...['..\\sentinel', 'a\\b', '\\\\host\\share', 'C:\\x', 'a/..\\..\\b', '\\'].map(refusesFile),
    refuses('a link whose target has a backslash', () => sealed([symlink('a', '..\\..\\x')])),
    // There are no drives where artifacts run: a colon is a character like any other, as tar has it.
    accepts(
      'names that are drives elsewhere',
      { 'C:': 'directory', 'C:/x': 'file 1', 'C:..': 'file 2' },
      () => sealed([file('C:..', '2')].concat(directory('C:'), file('C:/x', '1')).sort(byName)),
    ),
    refuses('a name in the bytes of UTF-16', () => sealed([file(Buffer.from('../a', 'utf16le'), 'x')])),
    refuses('nothing but a block of spaces', () => sealed([rawBytes(Buffer.alloc(512, 0x20), 1)])),
  ],
};

function byName(left: { readonly bytes: Buffer }, right: { readonly bytes: Buffer }): number {
  // The format sorts directories without their slash.
  const nameOf = ({ bytes }: { readonly bytes: Buffer }): string =>
    bytes.toString('latin1', 0, bytes.indexOf(0)).replace(/\/$/, '');
  return nameOf(left) < nameOf(right) ? -1 : 1;
}
