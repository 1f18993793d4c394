// Lies in the gzip framing: the head's extra field and lengths, member headers, trailers and deflate streams.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { refuses } from './hostile-case.js';
import type { HostileCase, HostileClass } from './hostile-case.js';
import { sealed } from './seal.js';
import { directory, file, rawBytes } from './tar-part.js';
import type { TarPart } from './tar-part.js';

const damaged = (what: string, edit: (member: Buffer) => Buffer): HostileCase =>
  refuses(what, () => sealed([file('a', 'x')], { headMember: edit }), 'E_ARTIFACT_DAMAGED');

/** Sets bytes of a copy. */
function patched(bytes: Buffer, offset: number, patch: string | Buffer): Buffer {
  const copy = Buffer.from(bytes);
  Buffer.from(patch).copy(copy, offset);
  return copy;
}

function withLength(member: Buffer, length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length >>> 0);
  return patched(member, 18, bytes);
}

export const headFraming: HostileClass = {
  name: 'gzip extra field and head length',
  cases: [
    damaged('a head with no extra field', (member) =>
      Buffer.concat([member.subarray(0, 3), Buffer.alloc(1), member.subarray(4, 10), member.subarray(26)]),
    ),
    damaged('a head with another subfield', (member) => patched(member, 12, 'XX')),
    damaged('a head with two subfields', (member) =>
      Buffer.concat([
        member.subarray(0, 10),
        Buffer.from('1200535601000058580100ff', 'hex'),
        member.subarray(26),
      ]),
    ),
    damaged('a head with a wrong XLEN', (member) => patched(member, 10, Buffer.from('ffff', 'hex'))),
    damaged('a head with a name', (member) => patched(member, 3, Buffer.from([0x0c]))),
    damaged('a head with a time', (member) => patched(member, 4, Buffer.from([1, 2, 3, 4]))),
    damaged('a head with an operating system', (member) => patched(member, 9, Buffer.from([3]))),
    damaged('a head length of 0', (member) => withLength(member, 0)),
    damaged('a head length of 34', (member) => withLength(member, 34)),
    damaged('a head length of 4 GiB', (member) => withLength(member, 0xffffffff)),
    damaged('a head length one too small', (member) => withLength(member, member.length - 1)),
    damaged('a head length one too large', (member) => withLength(member, member.length + 1)),
    refuses(
      'a head length behind the end',
      () => sealed([file('a', 'x')], { headMember: (member) => withLength(member, 1_000_000) }),
      'E_ARTIFACT_TRUNCATED',
    ),
    damaged('a head with a wrong checksum of its stream', (member) => patched(member, 22, Buffer.alloc(4))),
    damaged('a head with a wrong checksum in its trailer', (member) =>
      patched(member, member.length - 8, Buffer.alloc(4)),
    ),
    damaged('a head with a wrong length in its trailer', (member) =>
      patched(member, member.length - 4, Buffer.alloc(4)),
    ),
    refuses(
      'a head of format 2',
      () => sealed([file('a', 'x')], { headMember: (member) => patched(member, 16, Buffer.from([2, 0])) }),
      'E_FORMAT_UNKNOWN',
    ),
    refuses(
      'a head of format 0',
      () => sealed([file('a', 'x')], { headMember: (member) => patched(member, 16, Buffer.from([0, 0])) }),
      'E_FORMAT_UNKNOWN',
    ),
    refuses('a tarball of npm', () => gzipSync(file('package/x', 'x').bytes), 'E_ARTIFACT_DAMAGED'),
    refuses('a zip', () => Buffer.from(`PK\u0003\u0004${'x'.repeat(100)}`), 'E_ARTIFACT_DAMAGED'),
  ],
};

const refusesHead = (
  what: string,
  headParts: (parts: readonly TarPart[]) => readonly TarPart[],
): HostileCase => refuses(what, () => sealed([file('a', 'x')], { headParts }));

export const headContent: HostileClass = {
  name: 'entries of the head',
  cases: [
    refusesHead('no directory', (parts) => parts.slice(1)),
    refusesHead('no manifest', (parts) => [...parts.slice(0, 2), ...parts.slice(3)]),
    refusesHead('another order', (parts) => [...parts].reverse()),
    refusesHead('another entry', (parts) => [...parts, file('.salver/extra.json', '{}')]),
    refusesHead('an entry of the app', (parts) => [...parts, file('server.js', 'x')]),
    refusesHead('two manifests', (parts) => [...parts, parts[2] ?? file('x')]),
    refusesHead('an executable manifest', ([first, second, third, fourth]) => [
      first ?? file('x'),
      second ?? file('x'),
      { ...file('.salver/manifest.json', '{}', { mode: '0000755' }), entries: third?.entries ?? 0 },
      fourth ?? file('x'),
    ]),
    refusesHead('another directory', (parts) => [directory('salver'), ...parts.slice(1)]),
    refusesHead('zeros at its end', (parts) => [...parts, rawBytes(Buffer.alloc(1024))]),
    refusesHead('nothing', () => []),
    refusesHead('zeros only', () => [rawBytes(Buffer.alloc(4096))]),
    refusesHead('a manifest that reaches behind the end', (parts) => [
      ...parts.slice(0, 2),
      file('.salver/manifest.json', '{}', { size: 100_000 }),
    ]),
  ],
};

const RAW = file('a', 'x').bytes;

const refusesMember = (what: string, edit: (member: Buffer) => Buffer): HostileCase =>
  refuses(
    what,
    () => sealed([file('a', 'x')], { stored: (members) => members.map(edit) }),
    'E_ARTIFACT_DAMAGED',
  );

/** The member with another deflate stream and the true trailer. */
function restreamed(member: Buffer, stream: Buffer): Buffer {
  return Buffer.concat([member.subarray(0, 10), stream, member.subarray(-8)]);
}

export const memberFraming: HostileClass = {
  name: 'gzip members',
  cases: [
    refusesMember('a member with a name', (member) =>
      Buffer.concat([
        patched(member.subarray(0, 10), 3, Buffer.from([8])),
        Buffer.from('x\0'),
        member.subarray(10),
      ]),
    ),
    refusesMember('a member with a comment, an extra field and a checksum', (member) =>
      patched(member, 3, Buffer.from([0x16])),
    ),
    refusesMember('a member with a time', (member) => patched(member, 4, Buffer.from([1]))),
    refusesMember('a member of another method', (member) => patched(member, 2, Buffer.from([7]))),
    refusesMember('a member with a wrong checksum', (member) =>
      patched(member, member.length - 8, Buffer.alloc(4)),
    ),
    refusesMember('a member with a wrong length', (member) =>
      patched(member, member.length - 4, Buffer.alloc(4)),
    ),
    refusesMember('bytes between the stream and the trailer', (member) =>
      restreamed(member, Buffer.concat([member.subarray(10, -8), Buffer.from('hidden')])),
    ),
    refusesMember('a stream that does not end', (member) => restreamed(member, member.subarray(10, -10))),
    refusesMember('a stream that is no deflate', (member) => restreamed(member, Buffer.alloc(50, 0xff))),
    refusesMember('a member of two gzip members', (member) => Buffer.concat([member, member])),
    refusesMember('a member that is cut off', (member) => member.subarray(0, 12)),
    refusesMember('a member of one byte', () => Buffer.from([0x1f])),
    refusesMember('a member that expands to more than its row says', (member) =>
      restreamed(member, deflateRawSync(Buffer.concat([RAW, Buffer.alloc(512)]))),
    ),
    refuses(
      'a member with other bytes of the same length',
      () =>
        sealed([file('a', 'x')], {
          stored: () => {
            const other = file('a', 'y').bytes;
            const trailer = Buffer.alloc(8);
            trailer.writeUInt32LE(crc32(other));
            trailer.writeUInt32LE(other.length, 4);
            return [
              Buffer.concat([Buffer.from('1f8b08000000000000ff', 'hex'), deflateRawSync(other), trailer]),
            ];
          },
        }),
      'E_DIGEST_MISMATCH',
    ),
  ],
};
