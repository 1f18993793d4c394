// Writer and reader against each other: what is packed comes back, byte for byte, and only that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemberParser, TreeRules, decodeMember, packEntries, sha256Hex } from '@salver/core';
import type { Entry, Manifest, MemberFacts, PackEntry, PackedMember, Unit } from '@salver/core';
import { noise } from '@salver/testing';

function file(path: string, data: Buffer | string, executable = false): PackEntry {
  const bytes = Buffer.from(data);
  return {
    path,
    kind: 'file',
    executable,
    sizeBytes: bytes.length,
    linkTarget: '',
    readSync: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function node(path: string, kind: 'directory' | 'symlink', linkTarget = ''): PackEntry {
  return { path, kind, executable: false, sizeBytes: 0, linkTarget, readSync: () => Buffer.alloc(0) };
}

async function pack(entries: readonly PackEntry[]): Promise<PackedMember[]> {
  const members: PackedMember[] = [];
  await packEntries(entries, { onMember: (member) => void members.push(member) });
  return members;
}

function unpack(members: readonly PackedMember[]): Map<string, Entry & { data: Buffer }> {
  const found = new Map<string, Entry & { data: Buffer }>();
  let open: { entry: Entry; pieces: Buffer[] } | undefined;
  const put = (entry: Entry, data: Buffer): void => void found.set(entry.path, { ...entry, data });
  const parser = new MemberParser({
    directory: (entry) => put(entry, Buffer.alloc(0)),
    symlink: (entry) => put(entry, Buffer.alloc(0)),
    file: (entry, data) => put(entry, Buffer.from(data)),
    beginLargeFile: (entry) => (open = { entry, pieces: [] }),
    piece: (data) => open?.pieces.push(Buffer.from(data)),
    endLargeFile: () => {
      if (open !== undefined) put(open.entry, Buffer.concat(open.pieces));
    },
  });
  for (const member of members) {
    parser.parse(decodeMember(member.stored, factsOf(member)));
  }
  parser.finish();
  return found;
}

function factsOf(member: PackedMember): MemberFacts {
  return { row: [member.rawBytes, member.rawDigest], layout: [member.stored.length, member.storedCrc32] };
}

const LONG_NAME = `deep/${'x'.repeat(120)}/${'y'.repeat(120)}`;

test('files, directories, links, long and non-ASCII names come back as they were', async () => {
  const entries = [
    file('a.txt', 'hello'),
    file('bin/run', '#!/bin/sh\n', true),
    node('bin', 'directory'),
    node('deep', 'directory'),
    file(LONG_NAME, 'long'),
    node('link', 'symlink', 'bin/run'),
    node('long-link', 'symlink', LONG_NAME),
    file('größe/日本.txt', 'ü'),
    file('empty', ''),
    file('block', noise(512)),
  ];
  const found = unpack(await pack(entries));
  assert.equal(found.size, entries.length);
  for (const entry of entries) {
    const back = found.get(entry.path);
    assert.equal(back?.kind, entry.kind, entry.path);
    assert.equal(back.executable, entry.executable, entry.path);
    assert.equal(back.linkTarget, entry.linkTarget, entry.path);
    assert.ok(back.data.equals(Buffer.from(entry.readSync(0, entry.sizeBytes))), entry.path);
  }
});

for (const size of [262_143, 262_144, 262_145, 524_288, 1_000_000, 3_333_333]) {
  test(`a file of ${size} bytes comes back whole`, async () => {
    const data = noise(size);
    const members = await pack([file('before', 'x'), file('big.bin', data), file('zz', 'y')]);
    assert.ok(unpack(members).get('big.bin')?.data.equals(data));
    assert.ok(members.every((member) => member.rawBytes <= 1024 * 1024));
  });
}

test('an insertion into a large file changes few of its members', async () => {
  const before = noise(4_000_000);
  const after = Buffer.concat([
    before.subarray(0, 2_000_000),
    Buffer.from('inserted'),
    before.subarray(2_000_000),
  ]);
  const known = new Set((await pack([file('big', before)])).map((member) => member.rawDigest));
  const members = await pack([file('big', after)]);
  const changed = members.filter((member) => !known.has(member.rawDigest));
  assert.ok(members.length > 20, `${members.length} members`);
  // The header (the size differs), the chunk around the insertion, perhaps its neighbour, and the last one.
  assert.ok(changed.length <= 4, `${changed.length} of ${members.length} changed`);
});

test('adding and removing files leaves most members of a large unit as they were', async () => {
  const all = Array.from({ length: 600 }, (_, index) => file(`lib/file-${index}.js`, noise(3000, index + 1)));
  const known = new Set((await pack(all)).map((member) => member.rawDigest));
  const members = await pack([...all.slice(0, 300), ...all.slice(301), file('lib/new.js', 'new')]);
  const changed = members.filter((member) => !known.has(member.rawDigest));
  assert.ok(members.length >= 6, `${members.length} members`);
  assert.ok(changed.length <= 2, `${changed.length} of ${members.length} changed`);
});

test('the order in which entries are given does not matter', async () => {
  const entries = [file('b', '1'), file('a-b', '2'), file('a/c', '3'), node('a', 'directory')];
  const digests = async (list: readonly PackEntry[]): Promise<string[]> =>
    (await pack(list)).map((m) => sha256Hex(m.stored));
  assert.deepEqual(await digests(entries), await digests([...entries].reverse()));
});

test('a duplicate or unsafe name is refused with E_PATH_UNSAFE', async () => {
  for (const path of [
    '../x',
    '/x',
    'a//b',
    'a/./b',
    'a\\b',
    'a\u0000b',
    'a\u202eb',
    'x/..',
    '',
    'd/'.repeat(64) + 'x',
    'z'.repeat(256),
  ]) {
    await assert.rejects(pack([file(path, '')]), { code: 'E_PATH_UNSAFE' }, JSON.stringify(path));
  }
  await assert.rejects(pack([file('same', '1'), file('same', '2')]), { code: 'E_PATH_UNSAFE' });
});

test('a source that became shorter is refused with E_BUILD_INPUT_CHANGED', async () => {
  const shrunk: PackEntry = { ...file('x', 'abc'), sizeBytes: 5 };
  await assert.rejects(pack([shrunk]), { code: 'E_BUILD_INPUT_CHANGED' });
});

test('every flipped bit of a stored member is refused', async () => {
  const [member] = await pack([file('a.txt', 'some text, some text'), node('l', 'symlink', 'a.txt')]);
  assert.ok(member !== undefined);
  for (let bit = 0; bit < member.stored.length * 8; bit += 1) {
    const damaged = Buffer.from(member.stored);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(
      () => decodeMember(damaged, factsOf(member)),
      (error: { code?: string }) => error.code === 'E_ARTIFACT_DAMAGED' || error.code === 'E_DIGEST_MISMATCH',
      `bit ${bit}`,
    );
  }
});

test('every changed byte of a tar header is refused with E_ARTIFACT_HOSTILE', async () => {
  const [member] = await pack([node('dir', 'directory')]);
  assert.ok(member !== undefined);
  const raw = decodeMember(member.stored, factsOf(member));
  for (let index = 0; index < raw.length; index += 1) {
    const damaged = Buffer.from(raw);
    damaged[index] = (damaged[index] ?? 0) ^ 0x01;
    const parser = new MemberParser({
      directory: () => undefined,
      symlink: () => undefined,
      file: () => undefined,
      beginLargeFile: () => undefined,
      piece: () => undefined,
      endLargeFile: () => undefined,
    });
    assert.throws(() => parser.parse(damaged), { code: 'E_ARTIFACT_HOSTILE' }, `byte ${index}`);
  }
});

function manifestOf(units: readonly Partial<Unit>[]): Manifest {
  return {
    format: 1,
    name: 'x',
    version: '1',
    target: 'linux-x64-glibc',
    needs: {},
    host: {},
    units: units.map((unit) => ({
      kind: 'app',
      name: 'x',
      path: '',
      entries: 0,
      sizeBytes: 0,
      members: [],
      ...unit,
    })),
  };
}

function accept(unit: Partial<Unit>, entries: readonly PackEntry[]): void {
  const rules = new TreeRules(manifestOf([{ entries: entries.length, ...unit }]));
  rules.beginUnit();
  for (const entry of entries) rules.accept(entry);
  rules.finish();
}

const REFUSED_TREES: readonly [name: string, unit: Partial<Unit>, entries: readonly PackEntry[]][] = [
  ['an entry outside its unit', { path: 'a' }, [file('b', '')]],
  ['an entry twice', {}, [file('a', ''), file('a', '')]],
  ['entries out of order', {}, [file('b', ''), file('a', '')]],
  ['an entry below a link', {}, [node('a', 'symlink', 'b'), file('a/x', '')]],
  ['an entry below a file', {}, [file('a', ''), file('a/x', '')]],
  ['an app entry in .salver', {}, [file('.salver/x', '')]],
  ['a directory without an entry', {}, [file('a/x', '')]],
  ['a link out of the top', {}, [node('a', 'symlink', '../x')]],
  [
    'a link chain out of the top',
    {},
    [node('a', 'directory'), node('a/esc', 'symlink', 'up/../..'), node('a/up', 'symlink', '..')],
  ],
  ['a link loop', {}, [node('a', 'symlink', 'b'), node('b', 'symlink', 'a')]],
  ['fewer entries than stated', { entries: 3 }, [file('a', '')]],
  ['more bytes than stated', {}, [file('a', 'x')]],
];

for (const [name, unit, entries] of REFUSED_TREES) {
  test(`a tree with ${name} is refused with E_ARTIFACT_HOSTILE`, () => {
    assert.throws(() => accept(unit, entries), { code: 'E_ARTIFACT_HOSTILE' });
  });
}

test('links through links that stay inside, and dangling ones, are accepted', () => {
  accept({}, [
    node('a', 'directory'),
    node('a/b', 'symlink', '../c'),
    node('c', 'directory'),
    node('d', 'symlink', 'a/b/nothing'),
  ]);
});
