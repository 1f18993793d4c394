// The reader against files of every class and byte order, against this machine's own files, and against
// files that were damaged on purpose.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { test } from 'node:test';
import { readElf } from '@salver/core';
import type { ElfInput } from '@salver/core';
import { writeElf } from './write-elf.js';
import type { ElfPlan } from './write-elf.js';

function inputOf(bytes: Buffer): ElfInput {
  return {
    sizeBytes: bytes.length,
    readSync: (offset, length) => {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, 'a read outside the file');
      return bytes.subarray(offset, offset + length);
    },
  };
}

const PLAN: ElfPlan = {
  interpreter: '/lib64/ld-linux-x86-64.so.2',
  soname: 'libshop.so.1',
  needed: ['libpq.so.5', 'libc.so.6'],
  runPath: '$ORIGIN/../lib:/opt/lib',
  rPath: '/ignored',
  versions: { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.34', 'GLIBC_2.38?'], 'libpq.so.5': ['RHPG_10'] },
  defines: ['libshop.so.1', 'SHOP_1.0'],
  symbols: ['napi_create_object', 'malloc', 'napi_register_module_v1!', 'other!'],
};

for (const bits of [32, 64] as const) {
  for (const littleEndian of [true, false]) {
    for (const hash of ['sysv', 'gnu'] as const) {
      test(`reads an ELF${bits} ${littleEndian ? 'LE' : 'BE'} file with a ${hash} hash table`, () => {
        const elf = readElf(inputOf(writeElf({ ...PLAN, hash, encoding: { bits, littleEndian } })), {
          symbolPrefixes: ['napi_'],
        });
        assert.deepEqual(elf, {
          bits,
          littleEndian,
          machine: 62,
          osAbi: 0,
          interpreter: '/lib64/ld-linux-x86-64.so.2',
          soname: 'libshop.so.1',
          needed: ['libpq.so.5', 'libc.so.6'],
          searchPaths: ['$ORIGIN/../lib', '/opt/lib'],
          versionsNeeded: [
            { library: 'libc.so.6', version: 'GLIBC_2.2.5' },
            { library: 'libc.so.6', version: 'GLIBC_2.34' },
            { library: 'libpq.so.5', version: 'RHPG_10' },
          ],
          versionsDefined: ['libshop.so.1', 'SHOP_1.0'],
          symbols: [
            { name: 'napi_create_object', defined: false },
            { name: 'napi_register_module_v1', defined: true },
          ],
          nodeModuleVersion: undefined,
        });
      });
    }
  }
}

test('RPATH is used where there is no RUNPATH', () => {
  assert.deepEqual(readElf(inputOf(writeElf({ rPath: '$ORIGIN' })))?.searchPaths, ['$ORIGIN']);
});

test('the version in a struct node_module is found through its relocations', () => {
  const plan = { symbols: ['node_module_register'], nodeModule: 115 };
  const read = (bytes: Buffer) => readElf(inputOf(bytes), { symbolPrefixes: ['node_module_register'] });
  assert.equal(read(writeElf(plan))?.nodeModuleVersion, 115);
  assert.equal(read(writeElf({ symbols: ['malloc'], nodeModule: 115 }))?.nodeModuleVersion, undefined);
});

test('what is not an ELF file is undefined', () => {
  const texts = ['', '\x7fEL', '\x7fELF', '#!/bin/sh\n', '\x7fELF' + '\xff'.repeat(100)];
  for (const text of texts) assert.equal(readElf(inputOf(Buffer.from(text, 'latin1'))), undefined);
});

test('an ELF file cut off anywhere is undefined or read, and never read outside its bounds', () => {
  const whole = writeElf(PLAN);
  for (let length = 0; length < whole.length; length += 1) {
    assert.doesNotThrow(() => readElf(inputOf(whole.subarray(0, length)), { symbolPrefixes: ['napi_'] }));
  }
});

/** A small generator of numbers that are the same in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('100,000 damaged files never throw and never cause a read outside the file', () => {
  const random = generator(7);
  const originals = [true, false].flatMap((littleEndian) =>
    ([32, 64] as const).map((bits) =>
      writeElf({
        ...PLAN,
        hash: bits === 64 ? 'gnu' : 'sysv',
        nodeModule: 115,
        encoding: { bits, littleEndian },
      }),
    ),
  );
  const prefixes = { symbolPrefixes: ['napi_', 'node_module_register'] };
  const interesting = [0, 1, 2, 4, 8, 16, 0x7f, 0x80, 0xff];
  let undefinedCount = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const bytes = Buffer.from(originals[round % originals.length] ?? Buffer.alloc(0));
    for (let change = random(4); change >= 0; change -= 1) {
      bytes[random(bytes.length)] =
        random(2) === 0 ? random(256) : (interesting[random(interesting.length)] ?? 0);
    }
    if (readElf(inputOf(bytes), prefixes) === undefined) undefinedCount += 1;
  }
  // Both outcomes must occur, or the changes do not reach the tables.
  assert.ok(undefinedCount > 1_000 && undefinedCount < 99_000, `${undefinedCount} refused`);
});

const hasReadelf = existsSync('/usr/bin/readelf');

test('agrees with readelf about the running Node', { skip: hasReadelf ? false : 'no readelf' }, () => {
  const descriptor = openSync(process.execPath, 'r');
  try {
    const elf = readElf({
      sizeBytes: fstatSync(descriptor).size,
      readSync: (offset, length) => {
        const bytes = Buffer.alloc(length);
        assert.equal(readSync(descriptor, bytes, 0, length, offset), length);
        return bytes;
      },
    });
    const output = execFileSync('/usr/bin/readelf', ['-W', '-d', '-V', process.execPath], {
      encoding: 'latin1',
      maxBuffer: 256 * 1024 * 1024,
    });
    const listed = (pattern: RegExp): string[] =>
      [...output.matchAll(pattern)].map((match) => match[1] ?? '');
    assert.deepEqual(elf?.needed, listed(/\(NEEDED\).*\[(.*)\]/g));
    assert.deepEqual(
      elf?.versionsNeeded.map(({ version }) => version).sort(),
      listed(/Name: (\S+) {2}Flags: none/g).sort(),
    );
  } finally {
    closeSync(descriptor);
  }
});
