// Records that change the next entry: pax headers, GNU long names, sparse maps. Only long names in one exact form
// exist in artifacts; each of the others was a hole in some reader.
import { accepts, bomb, refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed, sealedMembers } from './seal.js';
import {
  directory,
  file,
  header,
  longLink,
  longName,
  pax,
  paxRecord,
  rawBytes,
  record,
  symlink,
} from './tar-part.js';

const refusesPax = (what: string, records: Parameters<typeof pax>[0], type = 'x'): HostileCase =>
  refuses(what, () => sealed([pax(records, type), file('a', 'x')]));

/** A file whose data are a whole archive entry: seen only by readers that skip or miscount. */
const smuggled = (): Buffer => header('smuggled', {}, Buffer.from('inner'));

export const paxSizes: HostileClass = {
  name: 'pax size against header size',
  cases: [
    refuses('pax says 0, the header 512: an entry hides in the data', () =>
      sealed([pax({ size: '0' }), file('a', smuggled())]),
    ),
    refuses('pax says 512, the header 0: the next entry becomes data', () =>
      sealed([pax({ size: '512' }), file('a', ''), rawBytes(smuggled(), 1)]),
    ),
    ...['-1', '1.5', '0x200', '1e3', '', ' 1', '9'.repeat(30), 'NaN'].map((size) =>
      refusesPax(`a pax size of ${JSON.stringify(size)}`, { size }),
    ),
    refuses('two pax sizes', () =>
      sealed([pax(paxRecord('size', '1') + paxRecord('size', '0')), file('a', 'x')]),
    ),
    refusesPax('a pax size for all entries', { size: '0' }, 'g'),
  ],
};

export const badPax: HostileClass = {
  name: 'other pax records',
  cases: [
    refusesPax('a pax path that climbs out', { path: '../../sentinel' }),
    refusesPax('a pax path that is absolute', { path: '/tmp/x' }),
    refusesPax('a pax link target', { linkpath: '/etc/passwd' }),
    refusesPax('a pax path for all entries', { path: '../x' }, 'g'),
    refusesPax('pax owners', { uid: '0', gid: '0', uname: 'root' }),
    refusesPax('pax attributes', { 'SCHILY.xattr.security.capability': '\u0001' }),
    refusesPax('a pax character set', { hdrcharset: 'BINARY' }),
    refusesPax('a harmless pax comment', { comment: 'hello' }),
    refusesPax('a pax record with a wrong length', '999 path=b\n'),
    refusesPax('a pax record without a length', 'path=b\n'),
    refusesPax('a pax record without an end', '10 path=b'),
    refusesPax('a pax record of length 0', '0 path=b\n'),
    refusesPax('a pax record with NUL', '12 path=b\0c\n'),
    refusesPax('a pax header without records', ''),
    refuses('two pax headers for one entry', () =>
      sealed([pax({ path: 'b' }), pax({ path: 'c' }), file('a', 'x')]),
    ),
    refuses('a pax header with nothing behind it', () => sealed([file('a', 'x'), pax({ path: 'b' })])),
    refuses('a pax header in the format of Sun', () => sealed([pax({ path: 'b' }, 'X'), file('a', 'x')])),
    refuses('a pax header that a long name follows', () =>
      sealed([pax({ path: 'b' }), longName('c'.repeat(120)), file('c'.repeat(100), 'x')]),
    ),
    bomb('a pax header of 900 KiB', () => sealed([pax({ comment: 'x'.repeat(900 * 1024) }), file('a', 'x')])),
    bomb('50,000 pax records', () =>
      sealed([
        pax(Array.from({ length: 50_000 }, (_, n) => paxRecord(`k${n}`, '1')).join('')),
        file('a', 'x'),
      ]),
    ),
  ],
};

const LONG = `${'d'.repeat(60)}/${'n'.repeat(60)}`;

export const longNames: HostileClass = {
  name: 'long names',
  cases: [
    accepts('a long name in the exact form', { ['d'.repeat(60)]: 'directory', [LONG]: 'file x' }, () =>
      sealed([directory('d'.repeat(60)), longName(LONG), file(LONG.slice(0, 100), 'x')]),
    ),
    accepts('a long link target in the exact form', { a: `link ${LONG}` }, () =>
      sealed([longLink(LONG), symlink('a', LONG.slice(0, 100))]),
    ),
    refuses('a long name that would fit', () => sealed([longName('short'), file('short', 'x')])),
    refuses('two long names', () =>
      sealed([longName(LONG), longName(`${LONG}2`), file(LONG.slice(0, 100), 'x')]),
    ),
    refuses('a long target before a long name', () =>
      sealed([longLink(LONG), longName(LONG), symlink(LONG.slice(0, 100), LONG.slice(0, 100))]),
    ),
    refuses('a long target for a file', () => sealed([longLink(LONG), file('a', 'x')])),
    refuses('a long name whose block says another name', () =>
      sealed([longName(LONG), file('other'.padEnd(100, 'x'), 'x')]),
    ),
    refuses('a long name without its NUL', () => sealed([record('L', LONG), file(LONG.slice(0, 100), 'x')])),
    refuses('a long name with a NUL inside', () =>
      sealed([longName(`${LONG}\0/../../x`), file(LONG.slice(0, 100), 'x')]),
    ),
    refuses('a long name with bytes after its NUL', () =>
      sealed([
        record('L', `${LONG}\0`, { padding: Buffer.alloc((512 - ((LONG.length + 1) % 512)) % 512, 0x41) }),
        file(LONG.slice(0, 100), 'x'),
      ]),
    ),
    refuses('a long name of 1,025 bytes', () => {
      const name = `${`${'a'.repeat(204)}/`.repeat(5)}`.slice(0, 1025);
      return sealed([longName(name), file(name.slice(0, 100), 'x')]);
    }),
    refuses('a component of 256 bytes', () => {
      const name = 'a'.repeat(256);
      return sealed([longName(name), file(name.slice(0, 100), 'x')]);
    }),
    refuses('a long name record of size 0', () => sealed([record('L', ''), file('a', 'x')])),
    refuses('a long name record whose size reaches behind the member', () =>
      sealed([record('L', `${LONG}\0`, { size: 1000 })]),
    ),
    refuses('a long name with another record name', () =>
      sealed([record('L', `${LONG}\0`, { name: 'x' }), file(LONG.slice(0, 100), 'x')]),
    ),
    refuses('a long name at the end', () => sealed([file('a', 'x'), longName(LONG)])),
    refuses('a long name in one member and its entry in the next', () =>
      sealedMembers([[longName(LONG)], [file(LONG.slice(0, 100), 'x')]]),
    ),
    refuses('the prefix field of ustar', () => sealed([file('a', 'x', { prefix: '../..' })])),
    refuses('the prefix field of ustar with its magic', () =>
      sealed([file('a', 'x', { prefix: '../..', magic: 'ustar\x0000' })]),
    ),
    bomb('500 long names in a row', () =>
      sealed([...Array.from({ length: 500 }, () => longName(LONG)), file(LONG.slice(0, 100), 'x')]),
    ),
    bomb('a long name of 900 KiB', () =>
      sealed([longName('a'.repeat(900 * 1024)), file('a'.repeat(100), 'x')]),
    ),
    bomb('a long name that claims 8 GiB', () => sealed([record('L', `${LONG}\0`, { size: 2 ** 33 - 1 })])),
  ],
};

export const sparseFiles: HostileClass = {
  name: 'sparse files',
  cases: [
    refuses('an old GNU sparse file of 1 TiB', () =>
      sealed([file('a', 'x', { type: 'S', prefix: Buffer.from('00000000000\x0000000000001\0', 'latin1') })]),
    ),
    refusesPax('a pax sparse file of 1 TiB', {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.realsize': '1099511627776',
    }),
    refusesPax('a sparse file whose name climbs out', {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': '../../sentinel',
    }),
    bomb('a sparse map with 60,000 pieces', () =>
      sealed([
        pax({ 'GNU.sparse.map': Array.from({ length: 60_000 }, (_, n) => `${n * 2},1`).join(',') }),
        file('a', 'x'),
      ]),
    ),
  ],
};
