// What stands behind, between and instead of the archive: zeros, second archives, garbage, cuts.
import { gzipSync } from 'node:zlib';
import { refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { TAIL, gzipMember, sealed, sealedMembers } from './seal.js';
import { directory, file, rawBytes } from './tar-part.js';

const zeros = (blocks: number): ReturnType<typeof rawBytes> => rawBytes(Buffer.alloc(512 * blocks));
const plain = (): Buffer => sealed([directory('a'), file('a/b', 'x')]);

export const zeroBlocks: HostileClass = {
  name: 'zero blocks, then entries',
  cases: [
    refuses('one zero block between two entries', () => sealed([file('a', '1'), zeros(1), file('b', '2')])),
    refuses('the end of an archive between two entries', () =>
      sealed([file('a', '1'), zeros(2), file('b', '2')]),
    ),
    refuses('zero blocks between two members', () =>
      sealedMembers([[file('a', '1')], [zeros(2)], [file('b', '2')]]),
    ),
    refuses('zero blocks first', () => sealed([zeros(2), file('a', '1')])),
    refuses('zero blocks last', () => sealed([file('a', '1'), zeros(2)])),
    refuses('an entry of zeros but for its name', () =>
      sealed([rawBytes(Buffer.from('a'.padEnd(512, '\0')), 1)]),
    ),
  ],
};

const damaged = (what: string, make: () => Buffer): HostileCase => refuses(what, make, 'E_ARTIFACT_DAMAGED');

export const behindTheEnd: HostileClass = {
  name: 'second archives, members, garbage',
  cases: [
    damaged('a second artifact behind the first', () => Buffer.concat([plain(), plain()])),
    damaged('a tar behind the archive, compressed', () =>
      Buffer.concat([plain(), gzipSync(file('hidden', 'x').bytes)]),
    ),
    damaged('a tar behind the archive, plain', () => Buffer.concat([plain(), file('hidden', 'x').bytes])),
    damaged('a tail twice', () => Buffer.concat([plain(), TAIL])),
    damaged('garbage behind the end', () => Buffer.concat([plain(), Buffer.from('garbage')])),
    damaged('one zero byte behind the end', () => Buffer.concat([plain(), Buffer.alloc(1)])),
    damaged('zeros as tape drives write them', () => Buffer.concat([plain(), Buffer.alloc(10_240)])),
    damaged('garbage before the begin', () => Buffer.concat([Buffer.from('garbage'), plain()])),
    damaged('an empty gzip member before the head', () =>
      Buffer.concat([gzipSync(Buffer.alloc(0)), plain()]),
    ),
    damaged('a member that the layout does not name', () =>
      sealed([file('a', 'x')], { tail: Buffer.concat([gzipMember(file('b', 'y').bytes), TAIL]) }),
    ),
    damaged('a member behind the tail that the layout does not name', () =>
      sealed([file('a', 'x')], { tail: Buffer.concat([TAIL, gzipMember(file('b', 'y').bytes)]) }),
    ),
    damaged('another tail', () =>
      sealed([file('a', 'x')], { tail: gzipSync(Buffer.alloc(1024)).subarray(0, TAIL.length) }),
    ),
    damaged('a tail that hides an entry', () =>
      sealed([file('a', 'x')], { tail: gzipSync(file('b', 'y').bytes, { level: 9 }) }),
    ),
    damaged('a tail of 512 zero bytes, filled up', () =>
      sealed([file('a', 'x')], {
        tail: Buffer.concat([gzipSync(Buffer.alloc(512)), Buffer.alloc(29)]).subarray(0, 29),
      }),
    ),
  ],
};

const cut = (what: string, make: () => Buffer): HostileCase => refuses(what, make, 'E_ARTIFACT_TRUNCATED');

export const truncations: HostileClass = {
  name: 'truncations',
  cases: [
    damaged('an empty file', () => Buffer.alloc(0)),
    damaged('the first 25 bytes', () => plain().subarray(0, 25)),
    cut('the first 26 bytes', () => plain().subarray(0, 26)),
    cut('a cut in the head', () => plain().subarray(0, 200)),
    cut('a cut before the tail', () => plain().subarray(0, -TAIL.length)),
    cut('a cut in the tail', () => plain().subarray(0, -1)),
    cut('a cut in a member', () => plain().subarray(0, -TAIL.length - 9)),
    cut('a head without members', () => {
      const bytes = plain();
      return Buffer.concat([bytes.subarray(0, bytes.readUInt32LE(18)), TAIL]);
    }),
    cut('no tail', () => sealed([file('a', 'x')], { tail: Buffer.alloc(0) })),
  ],
};
