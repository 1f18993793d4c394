// Whatever is wrong with an artifact, the host or the disk: one error code, a hint, and the running release stays.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encodeEntryHeader, encodeMember, paddingBytes, sha256Hex } from '@salver/core';
import type { Entry, ErrorCode, Manifest } from '@salver/core';
import { assembleArtifact, makeArtifact } from '@salver/testing';
import type { MakeArtifactOptions } from '@salver/testing';
import { runProgram } from './product-harness.js';
import type { ProgramResult } from './product-harness.js';
import { assertRefused } from './refusal.js';
import { assertNothingStaged, rootSnapshot } from './root-snapshot.js';
import { smallDiskSkipReason, withSmallDisk } from './small-disk.js';

let temp: string;
let root: string;

before(async () => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  root = join(temp, 'root');
  await installRunning(root);
});

after(() => rmSync(temp, { recursive: true, force: true }));

/** Version 1, small and sound: the release that must stay. */
async function installRunning(at: string): Promise<void> {
  const { bytes } = await makeArtifact({ 'server.js': 'console.log(1)\n', 'lib/a.js': 'a' });
  const result = await install(writeArtifact('running.tar.gz', bytes), at);
  assert.equal(result.status, 0, result.stderr);
}

function writeArtifact(name: string, bytes: Buffer): string {
  const path = join(temp, name);
  writeFileSync(path, bytes);
  return path;
}

function install(artifact: string, at = root): Promise<ProgramResult> {
  return runProgram('salver-host', ['install', artifact, '--root', at, '--json']);
}

/** Asserts that installing these bytes is refused and changes nothing. Returns the message. */
async function refuses(bytes: Buffer, code: ErrorCode, at = root): Promise<string> {
  const state = rootSnapshot(at);
  const error = assertRefused(await install(writeArtifact('refused.tar.gz', bytes), at), code);
  assert.deepEqual(rootSnapshot(at), state, 'the root is as it was');
  assertNothingStaged(at);
  return error.message;
}

test('a member that holds other bytes than the manifest commits to is refused', async () => {
  const { manifest } = await makeArtifact({ 'server.js': 'console.log(2)\n' });
  const other = await encodeMember(rawFile({ path: 'server.js' }, 'console.log(3)\n'));
  await refuses(assembleArtifact(manifest, [other]).bytes, 'E_DIGEST_MISMATCH');
});

/** Raw tar bytes of one entry, whatever its name. */
function rawFile(entry: Partial<Entry>, text = ''): Buffer {
  const data = Buffer.from(text);
  const base = { kind: 'file', executable: false, linkTarget: '', path: '', sizeBytes: data.length } as const;
  return Buffer.concat([
    encodeEntryHeader({ ...base, ...entry }),
    data,
    Buffer.alloc(paddingBytes(data.length)),
  ]);
}

/** An artifact in which every digest is right and the entries are whatever the attacker likes. */
async function hostileArtifact(raws: readonly Buffer[], entries: number, sizeBytes: number): Promise<Buffer> {
  const { manifest } = await makeArtifact({ 'server.js': '' });
  const raw = Buffer.concat(raws);
  const members = [[raw.length, sha256Hex(raw)] as const];
  const unit = { kind: 'app', name: 'app', path: '', entries, sizeBytes, members };
  const hostile: Manifest = { ...manifest, units: [unit] };
  return assembleArtifact(hostile, [await encodeMember(raw)]).bytes;
}

const UP = '../../../../';
const HOSTILE: readonly [name: string, raws: (outside: string) => readonly Buffer[]][] = [
  ['climbs out by ..', () => [rawFile({ path: `${UP}sentinel` }, 'owned')]],
  ['has an absolute name', (outside) => [rawFile({ path: outside }, 'owned')]],
  [
    'is a link that leads out',
    () => [rawFile({ path: 'a', kind: 'symlink', linkTarget: `${UP}sentinel`, sizeBytes: 0 })],
  ],
  [
    'is written through a link',
    () => [
      rawFile({ path: 'a', kind: 'symlink', linkTarget: UP.slice(0, -1), sizeBytes: 0 }),
      rawFile({ path: 'a/sentinel' }, 'owned'),
    ],
  ],
  ['would replace the manifest', () => [rawFile({ path: '.salver/manifest.json' }, 'owned')]],
];

for (const [name, raws] of HOSTILE) {
  test(`an entry that ${name} is refused and writes nothing outside`, async () => {
    const sentinel = join(temp, 'sentinel');
    writeFileSync(sentinel, 'untouched');
    const parts = raws(sentinel);
    const sizeBytes = parts.some((part) => part.includes('owned')) ? 5 : 0;
    await refuses(await hostileArtifact(parts, parts.length, sizeBytes), 'E_ARTIFACT_HOSTILE');
    assert.equal(readFileSync(sentinel, 'utf8'), 'untouched');
  });
}

const UNFIT: readonly [
  name: string,
  options: MakeArtifactOptions,
  code: ErrorCode,
  says: readonly string[],
][] = [
  ['for another platform', { target: 'linux-riscv64-musl' }, 'E_PLATFORM_MISMATCH', ['linux-riscv64-musl']],
  [
    'that needs a newer glibc',
    { needs: { glibc: { version: '9.99', by: 'lib/native.node' } } },
    'E_NEEDS_UNMET',
    ['lib/native.node', '9.99'],
  ],
  [
    'that needs a library this host lacks',
    { needs: { libraries: [{ name: 'libnowhere.so.7', by: 'lib/native.node' }] } },
    'E_NEEDS_UNMET',
    ['lib/native.node', 'libnowhere.so.7'],
  ],
  [
    'compiled for another Node ABI',
    { needs: { node: { modules: { version: 1, by: 'lib/native.node' } } } },
    'E_NEEDS_UNMET',
    ['lib/native.node', '1'],
  ],
  ['for a Node that is not here', { needs: { node: { range: '>=99' } } }, 'E_NEEDS_UNMET', ['>=99']],
];

for (const [name, options, code, says] of UNFIT) {
  test(`a release ${name} is refused by name before anything is written`, async () => {
    const { bytes } = await makeArtifact({ 'server.js': '2' }, { version: '2.0.0', ...options });
    const message = await refuses(bytes, code);
    for (const words of says) assert.ok(message.includes(words), `"${message}" names ${words}`);
    const empty = join(temp, 'never-made');
    assertRefused(await install(writeArtifact('unfit.tar.gz', bytes), empty), code);
    assert.throws(() => readFileSync(empty), { code: 'ENOENT' });
  });
}

test('a file that is not there is refused with E_ARTIFACT_NOT_FOUND', async () => {
  const state = rootSnapshot(root);
  assertRefused(await install(join(temp, 'nothing.tar.gz')), 'E_ARTIFACT_NOT_FOUND');
  assert.deepEqual(rootSnapshot(root), state);
});

test('a file that is no artifact is refused with E_ARTIFACT_DAMAGED', async () => {
  await refuses(
    Buffer.from('not an artifact at all, only some text that is long enough'),
    'E_ARTIFACT_DAMAGED',
  );
});

test('an empty file is refused with E_ARTIFACT_DAMAGED', async () => {
  await refuses(Buffer.alloc(0), 'E_ARTIFACT_DAMAGED');
});

test('an artifact of a later format is refused with E_FORMAT_UNKNOWN', async () => {
  const { bytes } = await makeArtifact({ 'server.js': '2' });
  bytes.writeUInt16LE(2, 16);
  await refuses(bytes, 'E_FORMAT_UNKNOWN');
});

test('a root in which current is a real directory is refused and left alone', async () => {
  const adopted = join(temp, 'adopted');
  mkdirSync(join(adopted, 'current'), { recursive: true });
  writeFileSync(join(adopted, 'current/index.php'), 'the old world');
  const { bytes } = await makeArtifact({ 'server.js': '1' });
  assertRefused(await install(writeArtifact('first.tar.gz', bytes), adopted), 'E_ROOT_UNUSABLE');
  assert.equal(readFileSync(join(adopted, 'current/index.php'), 'utf8'), 'the old world');
  assertNothingStaged(adopted);
});

test('a root that is a file is refused and left alone', async () => {
  const file = join(temp, 'file');
  writeFileSync(file, 'a file');
  const { bytes } = await makeArtifact({ 'server.js': '1' });
  assertRefused(await install(writeArtifact('first.tar.gz', bytes), file), 'E_ROOT_UNUSABLE');
  assert.equal(readFileSync(file, 'utf8'), 'a file');
});

/** Bytes that do not compress. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 7;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

const MIB = 1024 * 1024;

test('a full disk is refused with E_NO_SPACE', { skip: smallDiskSkipReason }, async () => {
  await withSmallDisk(4, async (disk) => {
    const at = join(disk.path, 'root');
    await installRunning(at);
    const { bytes } = await makeArtifact({ 'big.bin': noise(8 * MIB) }, { version: '2.0.0' });
    await refuses(bytes, 'E_NO_SPACE', at);
  });
});

test('a read-only root is refused', { skip: smallDiskSkipReason }, async () => {
  await withSmallDisk(4, async (disk) => {
    const at = join(disk.path, 'root');
    await installRunning(at);
    disk.makeReadOnly();
    const { bytes } = await makeArtifact({ 'server.js': '2' }, { version: '2.0.0' });
    const message = await refuses(bytes, 'E_ROOT_UNUSABLE', at);
    assert.match(message, /read-only/);
  });
});
