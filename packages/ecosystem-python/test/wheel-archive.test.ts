import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeWheel } from '@salver/testing';
import type { MadePackage, WheelSpec } from '@salver/testing';
import { withWheel } from '../dist/wheel-archive.js';

const directory = mkdtempSync(join(tmpdir(), 'salver-wheel-'));
after(() => rmSync(directory, { recursive: true, force: true }));

async function readAll(made: MadePackage, fileName = made.fileName): Promise<Record<string, string>> {
  const path = join(directory, 'x.whl');
  writeFileSync(path, made.bytes);
  return withWheel(path, fileName, (wheel) =>
    Promise.resolve(
      Object.fromEntries(wheel.files.map((file) => [file.path, wheel.read(file.path).toString()])),
    ),
  );
}

test('gives the files of a wheel, all but RECORD', async () => {
  const made = makeWheel({ name: 'fx-tool', files: { 'fx/a.py': 'A = 1\n', 'fx/empty.py': '' } });
  const files = await readAll(made);
  assert.deepEqual(Object.keys(files).sort(), [
    'fx/a.py',
    'fx/empty.py',
    'fx_tool-1.0.dist-info/METADATA',
    'fx_tool-1.0.dist-info/WHEEL',
  ]);
  assert.equal(files['fx/a.py'], 'A = 1\n');
});

test('the RECORD of a package that is vendored is a file like any other', async () => {
  const path = 'fx/_vendor/other-1.0.dist-info/RECORD';
  const made = makeWheel({ name: 'fx', files: { 'fx/__init__.py': '', [path]: 'other.py,,\n' } });
  assert.equal((await readAll(made))[path], 'other.py,,\n');
});

test('reads what lies behind a comment, and what is stored', async () => {
  const made = makeWheel({
    name: 'fx',
    files: { 'fx.py': 'A = 1\n' },
    parts: (parts) => parts.map((part) => ({ ...part, method: 0 })),
  });
  assert.equal((await readAll(made))['fx.py'], 'A = 1\n');
});

const SOME = { name: 'fx', files: { 'fx/__init__.py': 'A = 1\n' } };
const LIES: readonly (readonly [title: string, spec: WheelSpec, message: RegExp, fileName?: string])[] = [
  [
    'a RECORD with another hash',
    { ...SOME, record: (text) => text.replace(/sha256=./, 'sha256=_') },
    /not what its RECORD says/,
  ],
  [
    'a RECORD with another size',
    { ...SOME, record: (text) => text.replace(/,6\n/, ',7\n') },
    /not what its RECORD says/,
  ],
  [
    'a RECORD without hashes',
    { ...SOME, record: (text) => text.replace(/sha256=[^,]*/, '') },
    /no usable hash/,
  ],
  ['a RECORD with md5', { ...SOME, record: (text) => text.replace(/sha256=/, 'md5=') }, /no usable hash/],
  [
    'a file that RECORD does not know',
    { ...SOME, extra: [{ name: 'fx/evil.py', data: '' }] },
    /evil\.py is not in its RECORD/,
  ],
  [
    'a file that RECORD only names',
    { ...SOME, record: (text) => `fx/gone.py,sha256=AAAA,1\n${text}` },
    /gone\.py, which is not there/,
  ],
  ['a path that climbs out', { name: 'fx', files: { '../evil.py': '' } }, /refused/],
  ['an absolute path', { name: 'fx', files: { '/tmp/evil.py': '' } }, /refused/],
  ['a backslash', { name: 'fx', files: { '..\\evil.py': '' } }, /refused|programs/],
  [
    'a link',
    { ...SOME, parts: (parts) => parts.map((part, at) => (at === 0 ? { ...part, mode: 0o120777 } : part)) },
    /is a link/,
  ],
  [
    'two files with one name',
    { ...SOME, extra: [{ name: 'fx/__init__.py', data: 'A = 1\n' }] },
    /there twice/,
  ],
  ['names that differ by case', { name: 'fx', files: { 'fx/a.py': '', 'fx/A.py': '' } }, /there twice/],
  ['a damaged file', { ...SOME, parts: (parts) => parts.map((part) => ({ ...part, crc: 1 })) }, /checksum/],
  [
    'a file longer than it says',
    { ...SOME, parts: (parts) => parts.map((part) => ({ ...part, statedBytes: 1 })) },
    /decompressed|checksum/,
  ],
  [
    'a second name',
    { ...SOME, parts: (parts) => parts.map((part) => ({ ...part, localName: 'other' })) },
    /two names/,
  ],
  [
    'files that share bytes',
    {
      ...SOME,
      parts: (parts) => [
        ...parts,
        ...parts.map((part, at) => ({ ...part, name: `copy${at}`, sharesWith: at })),
      ],
    },
    /overlap/,
  ],
  [
    'encryption',
    { ...SOME, parts: (parts) => parts.map((part) => ({ ...part, flags: 0x801 })) },
    /encrypted/,
  ],
  [
    'another compression',
    { ...SOME, parts: (parts) => parts.map((part) => ({ ...part, method: 12 })) },
    /unknown compression/,
  ],
  ['the dist-info of another project', { ...SOME }, /dist-info is that of/, 'other-1.0-py3-none-any.whl'],
  ['the dist-info of another version', { ...SOME }, /dist-info is that of/, 'fx-2.0-py3-none-any.whl'],
  ['a name that is none', { ...SOME }, /its name is not that of a wheel/, 'fx.whl'],
  [
    'two dist-infos',
    { name: 'fx', files: { 'other-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\n' } },
    /more than one/,
  ],
  ['no dist-info', { ...SOME, parts: () => [{ name: 'a', data: '' }] }, /no dist-info/],
  [
    'a Wheel-Version of the future',
    { name: 'fx', files: { '.dist-info/WHEEL': 'Wheel-Version: 2.0\n' } },
    /Wheel-Version/,
  ],
];

for (const [title, spec, message, fileName] of LIES) {
  test(`refuses a wheel with ${title}`, async () => {
    await assert.rejects(readAll(makeWheel(spec), fileName), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'E_WHEEL_DAMAGED', error.stack);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('refuses a wheel that is cut off anywhere', async () => {
  const made = makeWheel({ name: 'fx', files: { 'fx/a.py': 'A = 1\n'.repeat(100) } });
  for (const length of [0, 10, 30, made.bytes.length >> 1, made.bytes.length - 30, made.bytes.length - 1]) {
    await assert.rejects(readAll({ ...made, bytes: made.bytes.subarray(0, length) }), {
      code: 'E_WHEEL_DAMAGED',
    });
  }
});

test('says the same of a wheel with any byte flipped, or reads it right', async () => {
  const made = makeWheel({ name: 'fx', files: { 'fx/a.py': 'A = 1\n' } });
  for (let at = 0; at < made.bytes.length; at += 3) {
    const bytes = Buffer.from(made.bytes);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    await readAll({ ...made, bytes }).then(
      (files) => assert.equal(files['fx/a.py'], 'A = 1\n'),
      (error: { code?: string; stack?: string }) => assert.equal(error.code, 'E_WHEEL_DAMAGED', error.stack),
    );
  }
});
