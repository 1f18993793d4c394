import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureNeeds } from '@salver/core';
import type { PackEntry, Target } from '@salver/core';
import { writeElf } from './write-elf.js';
import type { ElfPlan } from './write-elf.js';

const GLIBC: Target = { os: 'linux', arch: 'x64', libc: 'glibc' };
const MUSL: Target = { os: 'linux', arch: 'x64', libc: 'musl' };
const ARM64 = 183;

function file(path: string, content: ElfPlan | string): PackEntry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : writeElf(content);
  return {
    path,
    kind: 'file',
    executable: false,
    sizeBytes: bytes.length,
    linkTarget: '',
    readSync: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function link(path: string, linkTarget: string): PackEntry {
  const nothing = Buffer.alloc(0);
  return { path, kind: 'symlink', executable: false, sizeBytes: 0, linkTarget, readSync: () => nothing };
}

const needsOf = (entries: readonly PackEntry[], target = GLIBC) => measureNeeds(entries, target).needs;

test('a unit without ELF files needs nothing', () => {
  assert.deepEqual(measureNeeds([file('index.js', 'hello'), file('empty', '')], GLIBC), {
    needs: {},
    provides: [],
    elfFiles: [],
  });
});

test('the highest version of each kind is recorded with the first path that asks for it', () => {
  const versions = {
    'libc.so.6': ['GLIBC_2.4', 'GLIBC_2.34', 'GLIBC_PRIVATE'],
    'libstdc++.so.6': ['GLIBCXX_3.4.9', 'GLIBCXX_3.4.21', 'CXXABI_1.3.9', 'CXXABI_FLOAT128'],
  };
  const needed = ['libc.so.6', 'libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1', 'ld-linux-x86-64.so.2'];
  assert.deepEqual(needsOf([file('z.node', { versions, needed }), file('a.node', { versions, needed })]), {
    glibc: { version: '2.34', by: 'a.node' },
    glibcxx: { version: '3.4.21', by: 'a.node' },
    cxxabi: { version: '1.3.9', by: 'a.node' },
  });
});

test('a weak version does not count, and packed relocations count as glibc 2.36', () => {
  const versions = { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.39?'] };
  assert.equal(needsOf([file('a.so', { versions })]).glibc?.version, '2.17');
  const packed = { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_ABI_DT_RELR'] };
  assert.equal(needsOf([file('a.so', { versions: packed })]).glibc?.version, '2.36');
});

test('libstdc++ is a library by name only where no version of it is asked for', () => {
  const needed = ['libstdc++.so.6', 'libc.so.6'];
  assert.deepEqual(needsOf([file('a.so', { needed })]).libraries, [{ name: 'libstdc++.so.6', by: 'a.so' }]);
});

const MIXED = [
  file('prebuilds/darwin-arm64/a.node', 'a Mach-O file'),
  file('prebuilds/linux-arm64/a.node', { machine: ARM64, needed: ['libc.so.6', 'libarm.so.1'] }),
  file('prebuilds/linux-x64/a.glibc.node', {
    needed: ['libc.so.6', 'libpq.so.5'],
    versions: { 'libc.so.6': ['GLIBC_2.28'] },
  }),
  file('prebuilds/linux-x64/a.musl.node', { needed: ['libc.musl-x86_64.so.1', 'libgcc_s.so.1'] }),
  file('prebuilds/freebsd-x64/a.node', { osAbi: 9, needed: ['libc.so.7', 'libbsd.so.1'] }),
  file('prebuilds/android-x64/a.node', { needed: ['libc.so', 'libdl.so', 'liblog.so'] }),
  file('prebuilds/linux-ia32/a.node', { encoding: { bits: 32, littleEndian: true }, machine: 3 }),
  file('bin/go-program', {}),
];

test('only files for the CPU and C library of the target count', () => {
  const glibc = measureNeeds(MIXED, GLIBC);
  assert.deepEqual(glibc.elfFiles, ['bin/go-program', 'prebuilds/linux-x64/a.glibc.node']);
  assert.deepEqual(glibc.needs, {
    glibc: { version: '2.28', by: 'prebuilds/linux-x64/a.glibc.node' },
    libraries: [{ name: 'libpq.so.5', by: 'prebuilds/linux-x64/a.glibc.node' }],
  });
  assert.deepEqual(needsOf(MIXED, MUSL), {
    musl: { by: 'prebuilds/linux-x64/a.musl.node' },
    libraries: [{ name: 'libgcc_s.so.1', by: 'prebuilds/linux-x64/a.musl.node' }],
  });
  assert.deepEqual(needsOf(MIXED, { os: 'darwin', arch: 'x64', libc: 'none' }), {});
});

test('a program whose loader is musl is a musl file', () => {
  const program = file('bin/x', { interpreter: '/lib/ld-musl-x86_64.so.1', needed: ['libc.so'] });
  assert.deepEqual(needsOf([program], MUSL), { musl: { by: 'bin/x' } });
  assert.deepEqual(needsOf([program], GLIBC), {});
});

test('a library that the unit brings by file name, soname or link is no need, nor are versions asked of it', () => {
  const user = file('a.node', {
    needed: ['libone.so.1', 'libtwo.so.2', 'libthree.so.3', 'libmissing.so.9', 'libstdc++.so.6', 'libc.so.6'],
    versions: { 'libstdc++.so.6': ['GLIBCXX_3.4.30'] },
    runPath: '$ORIGIN',
  });
  const measured = measureNeeds(
    [
      user,
      file('libone.so.1', { needed: ['libc.so.6'] }),
      file('two.bin', { soname: 'libtwo.so.2' }),
      file('libthree.so.3.1', {}),
      link('libthree.so.3', 'libthree.so.3.1'),
      file('libstdc++.so.6', {}),
    ],
    GLIBC,
  );
  assert.deepEqual(measured.needs, { libraries: [{ name: 'libmissing.so.9', by: 'a.node' }] });
  assert.deepEqual(
    measured.provides.filter((name) => name.startsWith('lib')),
    ['libone.so.1', 'libstdc++.so.6', 'libthree.so.3', 'libthree.so.3.1', 'libtwo.so.2'],
  );
});

const ADDON_CASES: readonly [name: string, plans: readonly ElfPlan[], node: object | undefined][] = [
  ['a registered Node-API addon', [{ symbols: ['napi_register_module_v1!'] }], { napi: true }],
  ['a Node-API addon that registers itself', [{ symbols: ['napi_module_register'] }], { napi: true }],
  ['a program that offers Node-API to others', [{ symbols: ['napi_create_object!'] }], undefined],
  [
    'an addon with a versioned entry point',
    [{ symbols: ['node_register_module_v127!'] }],
    { modules: { version: 127, by: '0.node' } },
  ],
  [
    'an addon with a struct node_module',
    [{ symbols: ['node_module_register'], nodeModule: 115, hash: 'gnu' }],
    { modules: { version: 115, by: '0.node' } },
  ],
  [
    'a bound addon beside a Node-API one',
    [{ symbols: ['napi_register_module_v1!'] }, { symbols: ['node_register_module_v127!'] }],
    { modules: { version: 127, by: '1.node' } },
  ],
  [
    'prebuilt addons for several versions',
    [{ symbols: ['node_register_module_v115!'] }, { symbols: ['node_register_module_v127!'] }],
    undefined,
  ],
];

for (const [name, plans, node] of ADDON_CASES) {
  test(`${name} gives the Node need ${JSON.stringify(node)}`, () => {
    assert.deepEqual(needsOf(plans.map((plan, index) => file(`${index}.node`, plan))).node, node);
  });
}

test('the order of the entries does not matter', () => {
  assert.deepEqual(measureNeeds([...MIXED].reverse(), GLIBC), measureNeeds(MIXED, GLIBC));
});
