// Every hostile archive against the installer: the stated verdict, nothing outside the root, nothing installed,
// nothing left in staging. Those made to exhaust memory or time are run as processes in
// test/hostile-archives.test.ts; here they only have to be refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, after, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isSalverError } from '@salver/core';
import { installRelease, verifyArtifact } from '@salver/installer';
import { hostileClasses, makeArtifact, memorySource } from '@salver/testing';
import type { ExpectedTree, HostileCase } from '@salver/testing';
import { snapshot } from './test-root.js';

let base: string;
let root: string;
let untouched: Record<string, string>;

before(async () => {
  base = mkdtempSync(join(tmpdir(), 'salver-hostile-'));
  root = join(base, 'root');
  // What archives aim at: a file and a directory beside the root.
  writeFileSync(join(base, 'sentinel'), 'untouched');
  mkdirSync(join(base, 'outside'));
  const { bytes } = await makeArtifact({ 'server.js': 'running' });
  await installRelease({ root, source: memorySource(bytes), durability: 'none' });
  untouched = snapshot(base);
});

after(() => rmSync(base, { recursive: true, force: true }));

for (const { name: className, cases } of hostileClasses) {
  describe(className, () => {
    for (const hostile of cases) {
      test(`${'refused' in hostile.verdict ? 'refuses' : 'accepts'} ${hostile.name}`, () => check(hostile));
    }
  });
}

async function check({ verdict, make }: HostileCase): Promise<void> {
  const bytes = make();
  if ('accepted' in verdict) {
    await checkAccepted(bytes, verdict.accepted);
    return;
  }
  const source = memorySource(bytes);
  const attempts = [
    () => installRelease({ root, source, durability: 'none' }),
    () => installRelease({ root, source, durability: 'none', threads: 2, activate: false }),
    () => verifyArtifact({ source }),
  ];
  for (const attempt of attempts) {
    const error = await attempt().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(isSalverError(error), error === undefined ? 'accepted' : String(error));
    assert.equal(error.code, verdict.refused, error.message);
  }
  assert.deepEqual(snapshot(base), untouched);
}

async function checkAccepted(bytes: Buffer, expected: ExpectedTree): Promise<void> {
  const own = mkdtempSync(join(base, 'accepted-'));
  try {
    const { release } = await installRelease({
      root: join(own, 'root'),
      source: memorySource(bytes),
      durability: 'none',
    });
    const tree = snapshot(join(own, 'root/releases', release));
    assert.deepEqual(withoutOwn(tree), inSnapshotForm(expected));
    assert.deepEqual(snapshot(join(own, 'root/.salver/staging')), {});
    writeFileSync(join(own, 'artifact.tar.gz'), bytes);
    mkdirSync(join(own, 'tar'));
    const tar = spawnSync('tar', ['-xzof', join(own, 'artifact.tar.gz'), '-C', join(own, 'tar')]);
    assert.equal(tar.status, 0, tar.stderr.toString());
    assert.deepEqual(tree, snapshot(join(own, 'tar')), 'GNU tar extracts the same tree');
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  assert.deepEqual(snapshot(base), untouched);
}

function withoutOwn(tree: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !/^\.salver(\/|$)/.test(path)));
}

function inSnapshotForm(expected: ExpectedTree): Record<string, string> {
  const forms: readonly (readonly [RegExp, string])[] = [
    [/^directory$/, 'directory 755'],
    [/^file /, 'file 644 '],
    [/^program /, 'file 755 '],
  ];
  return Object.fromEntries(
    Object.entries(expected).map(([path, text]) => {
      return [path, forms.reduce((changed, [from, to]) => changed.replace(from, to), text)];
    }),
  );
}
