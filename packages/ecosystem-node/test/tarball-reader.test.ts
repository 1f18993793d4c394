import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { readTarball } from '../dist/tarball-reader.js';
import type { TarBytes } from '../dist/tar-bytes.js';
import { gnuLongName, paxEntry, rawTar } from './tarball-double.js';
import type { TarDoubleEntry } from './tarball-double.js';

function tarOf(raw: Buffer): TarBytes {
  return { sizeBytes: raw.length, readSync: (offset, length) => raw.subarray(offset, offset + length) };
}

/** Paths with their content, executables marked, as npm would unpack them. */
function unpacked(entries: readonly TarDoubleEntry[], keepGitignore = false): Record<string, string> {
  const raw = rawTar(entries);
  const files = readTarball(tarOf(raw), { description: 'a@1.0.0', keepGitignore });
  return Object.fromEntries(
    files.map((file) => {
      const data = raw.toString('utf8', file.offset, file.offset + file.sizeBytes);
      return [file.path, file.executable ? `*${data}` : data];
    }),
  );
}

const LONG = `package/${'deep/'.repeat(40)}file.txt`;

const CASES: readonly {
  readonly name: string;
  readonly entries: readonly TarDoubleEntry[];
  readonly files: Record<string, string>;
}[] = [
  {
    name: 'drops the first component, whatever it is',
    entries: [
      { path: 'package/a', data: '1' },
      { path: 'node v22.20/b', data: '2' },
      { path: './c', data: '3' },
      { path: '/package/d', data: '4' },
    ],
    files: { a: '1', b: '2', c: '3', 'package/d': '4' },
  },
  {
    name: 'discards what has no name left, and what climbs',
    entries: [
      { path: 'top', data: 'x' },
      { path: 'package/../../escape', data: 'x' },
      { path: 'package/a/../b', data: 'x' },
      { path: 'package/..', data: 'x' },
      { path: 'package/ok', data: 'y' },
    ],
    files: { ok: 'y' },
  },
  {
    name: 'makes absolute names relative and drops empty and dot components',
    entries: [
      { path: 'package//etc/passwd', data: '1' },
      { path: 'package/./a//b', data: '2' },
      { path: 'package/C:/x', data: '3' },
    ],
    files: { 'etc/passwd': '1', 'a/b': '2', x: '3' },
  },
  {
    name: 'ignores links, devices, pipes and directories',
    entries: [
      { path: 'package/soft', type: '2', linkPath: '/etc/passwd' },
      { path: 'package/hard', type: '1', linkPath: 'package/a' },
      { path: 'package/char', type: '3' },
      { path: 'package/block', type: '4' },
      { path: 'package/pipe', type: '6' },
      { path: 'package/dir', type: '5' },
      { path: 'package/olddir/' },
      { path: 'package/a', data: 'kept' },
    ],
    files: { a: 'kept' },
  },
  {
    name: 'looks only at the owner bit for executables',
    entries: [
      { path: 'package/644', mode: 0o644 },
      { path: 'package/744', mode: 0o744 },
      { path: 'package/655', mode: 0o655 },
      { path: 'package/0', mode: 0 },
      { path: 'package/4755', mode: 0o4755 },
    ],
    files: { '644': '', '744': '*', '655': '', '0': '', '4755': '*' },
  },
  {
    name: 'takes the last of two files with one name',
    entries: [
      { path: 'package/a', data: 'first', mode: 0o755 },
      { path: 'other/a', data: 'last' },
    ],
    files: { a: 'last' },
  },
  {
    name: 'reads PAX paths, sizes and modes, for the next file only',
    entries: [
      paxEntry({ path: 'package/pax-ä', mode: '493' }),
      { path: 'package/short', data: '1' },
      { path: 'package/next', data: '2' },
    ],
    files: { 'pax-ä': '*1', next: '2' },
  },
  {
    name: 'passes over global PAX headers and malformed records',
    entries: [
      paxEntry({ comment: 'git archive', path: 'package/evil' }, 'g'),
      { path: 'PaxHeader/y', type: 'x', data: '999 path=package/wrong\n' },
      { path: 'package/a', data: '1' },
    ],
    files: { a: '1' },
  },
  {
    name: 'reads GNU long names and ustar prefixes',
    entries: [
      gnuLongName(LONG),
      { path: LONG.slice(0, 100), data: '1' },
      { path: 'file', prefix: 'package/sub', data: '2' },
    ],
    files: { [LONG.slice('package/'.length)]: '1', 'sub/file': '2' },
  },
  {
    name: 'reads sizes in base-256',
    entries: [{ path: 'package/a', data: 'abc', binarySize: true }],
    files: { a: 'abc' },
  },
  {
    name: 'renames .gitignore unless an .npmignore came before it',
    entries: [
      { path: 'package/.gitignore', data: 'root' },
      { path: 'package/a/.npmignore', data: 'npm' },
      { path: 'package/a/.gitignore', data: 'git' },
    ],
    files: { '.npmignore': 'root', 'a/.npmignore': 'npm' },
  },
  {
    name: 'passes over a block whose checksum is wrong',
    entries: [
      { path: 'package/bad', checksum: '000000\0 ' },
      { path: 'package/good', data: '1' },
    ],
    files: { good: '1' },
  },
];

for (const { name, entries, files } of CASES) {
  test(name, () => assert.deepEqual(unpacked(entries), files));
}

test('keeps .gitignore in packages packed from git', () => {
  assert.deepEqual(unpacked([{ path: 'package/.gitignore', data: 'x' }], true), { '.gitignore': 'x' });
});

const REFUSED: readonly { readonly name: string; readonly raw: Buffer; readonly code: string }[] = [
  { name: 'an empty file', raw: Buffer.alloc(0), code: 'E_TARBALL_DAMAGED' },
  { name: 'something that is not a tarball', raw: Buffer.alloc(4096, 'html'), code: 'E_TARBALL_DAMAGED' },
  { name: 'only end blocks', raw: Buffer.alloc(1024), code: 'E_TARBALL_DAMAGED' },
  {
    name: 'a file that ends beyond the archive',
    raw: rawTar([{ path: 'package/a', data: 'x'.repeat(2000) }]).subarray(0, 1024),
    code: 'E_TARBALL_DAMAGED',
  },
  {
    name: 'a size of several terabytes',
    raw: rawTar([{ path: 'package/a', binarySize: true, statedSize: 2 ** 45 }]),
    code: 'E_TARBALL_DAMAGED',
  },
  {
    name: 'a PAX size beyond the archive',
    raw: rawTar([paxEntry({ size: '99999999999' }), { path: 'package/a', data: 'x' }]),
    code: 'E_TARBALL_DAMAGED',
  },
  {
    name: 'a path that is a file and a directory',
    raw: rawTar([
      { path: 'package/a', data: 'x' },
      { path: 'package/a/b', data: 'y' },
    ]),
    code: 'E_PATH_UNSAFE',
  },
];

for (const { name, raw, code } of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => readTarball(tarOf(raw), { description: 'a@1.0.0' }),
      (error) => isSalverError(error) && error.code === code && error.message.includes('a@1.0.0'),
    );
  });
}

test('refuses more entries than the limit', () => {
  const raw = rawTar(Array.from({ length: 11 }, (_, index) => ({ path: `package/${index}` })));
  const options = { description: 'a@1.0.0', headersMax: 10 };
  assert.throws(
    () => readTarball(tarOf(raw), options),
    (error) => isSalverError(error, 'E_LIMIT_EXCEEDED'),
  );
});
