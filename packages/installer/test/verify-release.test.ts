import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { verifyRelease } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir } from './test-root.js';

const FILES = {
  'server.js': 'console.log(1)',
  'lib/a.js': 'a',
  'lib/big.bin': Buffer.alloc(400_000, 'x'),
  'bin/run': { data: '#!', executable: true },
  link: { linkTo: 'lib/a.js' },
  uploads: { directory: true },
  'uploads/keep': 'initial',
} as const;

test('an untouched release verifies, shared paths included', async (context) => {
  const root = makeTempDir(context);
  const artifact = await makeArtifact(FILES, { host: { shared: ['uploads', 'var/log'] } });
  await install(root, artifact);
  writeFileSync(join(root, 'shared/uploads/new'), 'data of the app');
  const result = await verifyRelease({ root });
  assert.equal(result.id, artifact.id);
  assert.equal(result.files, 5);
  assert.equal(result.bytes, 14 + 1 + 400_000 + 2 + 7);
});

const TAMPERINGS: Readonly<Record<string, { tamper: (tree: string) => void; paths: readonly string[] }>> = {
  changed: { tamper: (tree) => appendFileSync(join(tree, 'server.js'), '!'), paths: ['server.js'] },
  'changed in the middle of a large file': {
    tamper: (tree) => writeFileSync(join(tree, 'lib/big.bin'), Buffer.alloc(400_000, 'y')),
    paths: ['lib/big.bin'],
  },
  missing: { tamper: (tree) => rmSync(join(tree, 'lib/a.js')), paths: ['lib/a.js'] },
  extra: { tamper: (tree) => writeFileSync(join(tree, 'lib/evil.js'), ''), paths: ['lib/evil.js'] },
  'extra directory': { tamper: (tree) => mkdirSync(join(tree, 'tmp')), paths: ['tmp'] },
  mode: { tamper: (tree) => chmodSync(join(tree, 'lib/a.js'), 0o755), paths: ['lib/a.js'] },
  'link target': {
    tamper: (tree) => {
      rmSync(join(tree, 'link'));
      symlinkSync('/etc/passwd', join(tree, 'link'));
    },
    paths: ['link'],
  },
  'file became a link to the same bytes': {
    tamper: (tree) => {
      renameSync(join(tree, 'lib/a.js'), join(tree, '../a.js'));
      symlinkSync('../../a.js', join(tree, 'lib/a.js'));
    },
    paths: ['lib/a.js'],
  },
  'shared link': { tamper: (tree) => rmSync(join(tree, 'uploads')), paths: ['uploads'] },
  manifest: {
    tamper: (tree) => appendFileSync(join(tree, '.salver/manifest.json'), ' '),
    paths: ['.salver/manifest.json'],
  },
};

for (const [name, { tamper, paths }] of Object.entries(TAMPERINGS)) {
  test(`finds what was tampered with: ${name}`, async (context) => {
    const root = makeTempDir(context);
    const { release } = await install(root, await makeArtifact(FILES, { host: { shared: ['uploads'] } }));
    tamper(join(root, 'releases', release));
    await assert.rejects(verifyRelease({ root }), (error) => {
      assert.ok(isSalverError(error, 'E_RELEASE_DAMAGED'), String(error));
      assert.deepEqual(error.facts.paths, paths);
      return true;
    });
  });
}

test('a change that hides its size and time is found by digest; the files it may be are named', async (context) => {
  const root = makeTempDir(context);
  const { release } = await install(root, await makeArtifact({ 'a.js': 'a', 'b.js': 'b' }));
  const path = join(root, 'releases', release, 'a.js');
  const { atimeMs, mtimeMs } = statSync(path);
  writeFileSync(path, 'X');
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  await assert.rejects(verifyRelease({ root, release }), (error) => {
    assert.ok(isSalverError(error, 'E_RELEASE_DAMAGED'));
    assert.ok((error.facts.paths as string[]).includes('a.js'));
    return true;
  });
});
