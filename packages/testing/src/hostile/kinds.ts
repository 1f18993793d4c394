// Kinds of entries that artifacts never hold, and modes, owners and times that are not the one allowed.
import { refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed } from './seal.js';
import { directory, file, symlink } from './tar-part.js';
import type { HeaderFields } from './tar-part.js';

const refusesType = (type: string, what: string): HostileCase =>
  refuses(what, () => sealed([file('a', '', { type, devMajor: '0000001' })]));

export const devices: HostileClass = {
  name: 'devices and fifos',
  cases: [
    refusesType('3', 'a character device'),
    refusesType('4', 'a block device'),
    refusesType('6', 'a fifo'),
    refuses('a fifo with device numbers of the format', () => sealed([file('a', '', { type: '6' })])),
    refuses('a device below a directory', () =>
      sealed([directory('dev'), file('dev/null', '', { type: '3' })]),
    ),
  ],
};

export const oddTypes: HostileClass = {
  name: 'odd types',
  cases: [
    ...['7', 'D', 'M', 'V', 'N', 'A', 'I', 'Z', 'S', 'X', 'g', 'x', '8', ' ', '\xff'].map((type) =>
      refusesType(type, `an entry of type ${JSON.stringify(type)}`),
    ),
    refusesType('\0', 'a file of the old type NUL'),
    refuses('a file whose name ends with a slash, which old tars take for a directory', () =>
      sealed([file('a/', '', { type: '\0' })]),
    ),
    refuses('a directory with a size', () => sealed([directory('a', { size: 512, data: 'x'.repeat(512) })])),
    refuses('a directory without a slash', () => sealed([file('a', '', { type: '5', mode: '0000755' })])),
    refuses('a file with a link target', () => sealed([file('a', 'x', { link: 'b' })])),
    refuses('a directory with a link target', () => sealed([directory('a', { link: 'b' })])),
  ],
};

const refusesFields = (what: string, fields: HeaderFields): HostileCase =>
  refuses(what, () => sealed([file('a', 'x', fields)]));

export const oddModes: HostileClass = {
  name: 'modes, owners and times',
  cases: [
    ...[
      '0004755',
      '0002755',
      '0001755',
      '0006755',
      '0000777',
      '0000666',
      '0000600',
      '0000000',
      '0100644',
    ].map((mode) => refusesFields(`mode ${mode}`, { mode })),
    refusesFields('a mode in spaces', { mode: '   644 ' }),
    refusesFields('a negative mode', { mode: '-000644' }),
    refusesFields('owner 1000', { uid: '0001750' }),
    refusesFields('group 1000', { gid: '0001750' }),
    refusesFields('an owner by name', { user: 'root' }),
    refusesFields('a group by name', { group: 'wheel' }),
    refusesFields('an owner in base 256', { uid: Buffer.from('8000000000000000', 'hex') }),
    refusesFields('another time', { mtime: '00000000000' }),
    refusesFields('a time far away', { mtime: '77777777777' }),
    refusesFields('a time before 1970 in base 256', { mtime: Buffer.alloc(12, 0xff) }),
    refusesFields('a device number', { devMajor: '0000001' }),
    refuses('a directory of mode 1777', () => sealed([directory('a', { mode: '0001777' })])),
    refuses('a directory of mode 644', () => sealed([directory('a', { mode: '0000644' })])),
    refuses('a link of mode 644', () => sealed([symlink('a', 'b', { mode: '0000644' })])),
  ],
};
