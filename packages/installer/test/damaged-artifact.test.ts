// Whatever happens to an artifact on its way: it is refused with a code of its own, the running release is not
// touched, nothing is left behind.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError, sha256Hex, encodeMember, encodeEntryHeader } from '@salver/core';
import type { Entry, Manifest } from '@salver/core';
import { verifyArtifact } from '@salver/installer';
import { assembleArtifact, makeArtifact, memorySource } from '@salver/testing';
import { install, makeTempDir, snapshot, withCode } from './test-root.js';

const EXIT_DAMAGED = 3;

test('finds a flipped bit at every byte of an artifact, and every truncation', async (context) => {
  const root = makeTempDir(context);
  await install(root, await makeArtifact({ 'server.js': 'old' }, { version: '1.0.0' }));
  const { bytes } = await makeArtifact(
    {
      'server.js': 'new',
      'lib/a.js': 'a'.repeat(300),
      link: { linkTo: 'lib/a.js' },
      'b.bin': Buffer.alloc(600, 7),
    },
    { version: '2.0.0' },
  );
  const before = snapshot(root);
  for (let position = 0; position < bytes.length; position += 1) {
    const flipped = Buffer.from(bytes);
    flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
    await assertRefused(root, flipped, `bit flip at ${position}`);
  }
  for (let length = 0; length < bytes.length; length += 1) {
    await assertRefused(root, bytes.subarray(0, length), `cut after ${length}`);
  }
  await assertRefused(root, Buffer.concat([bytes, Buffer.alloc(1)]), 'one byte too many');
  assert.deepEqual(snapshot(root), before);
  assert.equal((await install(root, bytes)).changed, true, 'the undamaged artifact installs');
});

async function assertRefused(root: string, bytes: Buffer, what: string): Promise<void> {
  for (const attempt of [() => install(root, bytes), () => verifyArtifact({ source: memorySource(bytes) })]) {
    await assert.rejects(
      attempt,
      (error) =>
        isSalverError(error) && (error.exitCode === EXIT_DAMAGED || error.code === 'E_ARTIFACT_TRUNCATED'),
      what,
    );
  }
}

/** An artifact of one app unit with exactly these entries, true digests, whatever the entries are. */
async function forge(
  entries: readonly (Partial<Entry> & { readonly path: string; readonly data?: string })[],
  change: (manifest: Manifest) => Manifest = (manifest) => manifest,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const given of entries) {
    const data = Buffer.from(given.data ?? '');
    const base = { kind: 'file', executable: false, sizeBytes: data.length, linkTarget: '' } as const;
    const padding = Buffer.alloc((512 - (data.length % 512)) % 512);
    parts.push(encodeEntryHeader({ ...base, ...given }), data, padding);
  }
  const raw = Buffer.concat(parts);
  const { manifest } = await makeArtifact({ a: '' }, { version: '6.6.6' });
  const unit = {
    kind: 'app',
    name: 'app',
    path: '',
    entries: entries.length,
    sizeBytes: entries.reduce((sum, entry) => sum + (entry.data ?? '').length, 0),
    members: [[raw.length, sha256Hex(raw)]],
  } as const;
  return assembleArtifact(change({ ...manifest, units: [unit] }), [await encodeMember(raw)]).bytes;
}

test('refuses archives that try to reach outside, with true digests, and keeps the sentinel', async (context) => {
  const base = makeTempDir(context);
  const root = join(base, 'root');
  const sentinel = join(base, 'sentinel');
  writeFileSync(sentinel, 'untouched');
  mkdirSync(join(base, 'outside'));
  await install(root, await makeArtifact({ 'server.js': 'old' }));
  const before = snapshot(base);
  const link = { kind: 'symlink' } as const;
  const directory = { kind: 'directory' } as const;
  const attacks: Record<string, Buffer> = {
    'climbs out': await forge([{ path: '../../sentinel', data: 'x' }]),
    'climbs out in the middle': await forge([{ path: 'a/../../../sentinel', data: 'x' }]),
    absolute: await forge([{ path: sentinel, data: 'x' }]),
    'link out, then write through it': await forge([
      { path: 'a', ...link, linkTarget: '../../../outside' },
      { path: 'a/b', data: 'x' },
    ]),
    'absolute link': await forge([{ path: 'a', ...link, linkTarget: '/etc' }]),
    'link out': await forge([{ path: 'a', ...link, linkTarget: '../../..' }]),
    'chain of links out': await forge([
      { path: 'a', ...directory },
      { path: 'a/up', ...link, linkTarget: '..' },
      { path: 'a/zescape', ...link, linkTarget: 'up/../../../sentinel' },
    ]),
    'link that never ends': await forge([
      { path: 'a', ...link, linkTarget: 'b' },
      { path: 'b', ...link, linkTarget: 'a' },
    ]),
    'same path twice': await forge([
      { path: 'a', data: '1' },
      { path: 'a', data: '2' },
    ]),
    'file below a file': await forge([
      { path: 'a', data: '1' },
      { path: 'a/b', data: '2' },
    ]),
    'directory without entry': await forge([{ path: 'a/b', data: '1' }]),
    'out of order': await forge([
      { path: 'b', data: '1' },
      { path: 'a', data: '2' },
    ]),
    'writes the manifest': await forge([{ path: '.salver/manifest.json', data: '{}' }]),
    'control character': await forge([{ path: 'a\nb', data: '1' }]),
    'wrong count': await forge([{ path: 'a', data: '1' }], (manifest) => ({
      ...manifest,
      units: manifest.units.map((unit) => ({ ...unit, entries: 2 })),
    })),
  };
  for (const [name, bytes] of Object.entries(attacks)) {
    await assert.rejects(install(root, bytes), withCode('E_ARTIFACT_HOSTILE'), name);
    assert.deepEqual(snapshot(base), before, name);
  }
  assert.equal(readFileSync(sentinel, 'utf8'), 'untouched');
});

test('a link planted where the staging directory will be does not lead writes outside', async (context) => {
  const base = makeTempDir(context);
  const root = join(base, 'root');
  mkdirSync(join(base, 'outside'));
  await install(root, await makeArtifact({ 'server.js': 'old' }));
  symlinkSync(join(base, 'outside'), join(root, '.salver/staging/tx-planted'));
  await install(root, await makeArtifact({ 'server.js': 'new' }, { version: '2.0.0' }));
  assert.ok(existsSync(join(base, 'outside')));
  assert.deepEqual(snapshot(join(base, 'outside')), {});
});

test('a member with other bytes than the manifest commits to is a digest mismatch', async (context) => {
  const root = makeTempDir(context);
  const { manifest } = await makeArtifact({ a: '1' });
  const other: Buffer[] = [];
  const raw = Buffer.concat([
    encodeEntryHeader({ path: 'a', kind: 'file', executable: false, sizeBytes: 1, linkTarget: '' }),
    Buffer.from('2'),
    Buffer.alloc(511),
  ]);
  other.push(await encodeMember(raw));
  await assert.rejects(install(root, assembleArtifact(manifest, other).bytes), withCode('E_DIGEST_MISMATCH'));
  assert.deepEqual(snapshot(join(root, 'releases')), {});
});
