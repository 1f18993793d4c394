// Headers that mean the same to a lenient reader but are not the one form: checksums, numbers, magic, padding.
import { refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed, sealedMembers } from './seal.js';
import { checksumOf, directory, file, header, rawBytes } from './tar-part.js';
import type { HeaderFields } from './tar-part.js';

const refusesFields = (what: string, fields: HeaderFields): HostileCase =>
  refuses(what, () => sealed([file('a', 'x', fields)]));

const checksum = checksumOf(header('a', {}, Buffer.from('x')));

export const checksums: HostileClass = {
  name: 'header checksums',
  cases: [
    refusesFields('a checksum that is wrong', { checksum: '000001\0 ' }),
    refusesFields('a checksum one too high', {
      checksum: `${(checksum + 1).toString(8).padStart(6, '0')}\0 `,
    }),
    refusesFields('a checksum without leading zeros', { checksum: `${checksum.toString(8)}\0 ` }),
    refusesFields('a checksum with spaces', { checksum: `${checksum.toString(8).padStart(6)}\0 ` }),
    refusesFields('a checksum that ends otherwise', {
      checksum: `${checksum.toString(8).padStart(7, '0')}\0`,
    }),
    refusesFields('an empty checksum', { checksum: Buffer.alloc(8) }),
    refuses('a checksum of signed bytes', () => {
      const name = Buffer.from('ä');
      const sum = checksumOf(header(name, {}, Buffer.from('x'))) - 2 * 256;
      return sealed([file(name, 'x', { checksum: `${sum.toString(8).padStart(6, '0')}\0 ` })]);
    }),
  ],
};

export const numbers: HostileClass = {
  name: 'numbers in headers',
  cases: [
    refusesFields('a size in base 256', { size: Buffer.from('800000000000000000000001', 'hex') }),
    refusesFields('a negative size in base 256', { size: Buffer.alloc(12, 0xff) }),
    refusesFields('a huge size in base 256', { size: Buffer.from('80ffffffffffffffffffffff', 'hex') }),
    refusesFields('a size with a minus', { size: '-0000000001\0' }),
    refusesFields('a size with leading spaces', { size: '          1\0' }),
    refusesFields('a size with a space at its end', { size: '00000000001 ' }),
    refusesFields('a size of 12 digits', { size: '000000000001' }),
    refusesFields('a size in decimal', { size: '00000000009\0' }),
    refusesFields('a size in hex', { size: '0x000000001\0' }),
    refusesFields('an empty size', { size: Buffer.alloc(12) }),
    refusesFields('a size with bytes behind its NUL', { size: '1\x000000000000' }),
    refuses('a size larger than the data', () => sealed([file('a', 'x', { size: 600 })])),
    refuses('a size smaller than the data, so that data become a header', () =>
      sealed([file('a', Buffer.concat([header('hidden', {}), Buffer.alloc(512)]), { size: 0 })]),
    ),
    refuses('a size of 8 GiB in a member of a few bytes', () =>
      sealed([file('a', 'x', { size: 2 ** 33 - 1 })]),
    ),
    refuses('a file above 256 KiB whole in one member', () => sealed([file('a', Buffer.alloc(300_000))])),
    refuses('data of a large file that are too short', () =>
      sealedMembers([[file('a', '', { size: 300_000 })], [rawBytes(Buffer.alloc(1000))]]),
    ),
    refuses('data of a large file that are too long', () =>
      sealedMembers([[file('a', '', { size: 300_000 })], [rawBytes(Buffer.alloc(301_000))]]),
    ),
    refuses('an entry behind the header of a large file', () =>
      sealedMembers([[file('a', '', { size: 300_000 }), file('b', 'x')], [rawBytes(Buffer.alloc(300_032))]]),
    ),
    refuses('an entry behind the data of a large file, in one member', () =>
      sealedMembers([[file('a', '', { size: 300_000 })], [rawBytes(Buffer.alloc(300_032)), file('b', 'x')]]),
    ),
    refuses('a large file without data', () => sealedMembers([[file('a', '', { size: 300_000 })]])),
  ],
};

export const magics: HostileClass = {
  name: 'magic and padding',
  cases: [
    refusesFields('the magic of POSIX', { magic: 'ustar\x0000' }),
    refusesFields('the magic of star', {
      magic: 'ustar\x0000',
      prefix: Buffer.from(`${'\0'.repeat(151)}tar\0`),
    }),
    refusesFields('no magic', { magic: Buffer.alloc(8) }),
    refusesFields('another magic', { magic: 'USTAR  ' }),
    refusesFields('a magic of another version', { magic: 'ustar 1' }),
    refusesFields('bytes at the end of the header', { prefix: Buffer.from('x'.padStart(155, '\0')) }),
    refusesFields('bytes in the padding', { padding: Buffer.from('hidden'.padEnd(511, '\0')) }),
    refusesFields('a bit in the last byte of the padding', {
      padding: Buffer.from('\u0001'.padStart(511, '\0')),
    }),
    refusesFields('an entry in the padding', {
      padding: Buffer.concat([Buffer.alloc(511), header('b', {})]),
    }),
    refuses('bytes behind the name in its field', () => sealed([file('a\0hidden', 'x')])),
    refuses('bytes behind the link target in its field', () =>
      sealed([file('a', 'x', { link: '\0hidden' })]),
    ),
    refuses('a directory without padding at the end', () =>
      sealed([directory('a'), rawBytes(Buffer.alloc(100))]),
    ),
    refuses('a header cut off', () => sealed([rawBytes(header('a', {}).subarray(0, 300), 1)])),
    refuses('data cut off', () => sealed([file('a', 'x'.repeat(600), { padding: Buffer.alloc(0) })])),
  ],
};
