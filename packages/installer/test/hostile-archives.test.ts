// Every hostile archive against the installer: the stated verdict, nothing outside the root, nothing installed,
// nothing left in staging. Those made to exhaust memory or time are run, in processes that are measured, by
// test/hostile-archives.test.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isSalverError } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import { installRelease, verifyArtifact } from '@salver/installer';
import { hostileClasses, makeArtifact, memorySource } from '@salver/testing';
import type { ExpectedTree } from '@salver/testing';
import { snapshot } from './test-root.js';

let base: string;
let root: string;
let untouched: Record<string, string>;

before(() => {
  base = mkdtempSync(join(tmpdir(), 'salver-hostile-'));
  root = join(base, 'root');
  // What archives aim at: a file and a directory beside the root.
  writeFileSync(join(base, 'sentinel'), 'untouched');
  mkdirSync(join(base, 'outside'));
  return installRunning();
});

after(() => rmSync(base, { recursive: true, force: true }));

/** The release that must stay as it is. */
async function installRunning(): Promise<void> {
  rmSync(root, { recursive: true, force: true });
  const { bytes } = await makeArtifact({ 'server.js': 'running' });
  await installRelease({ root, source: memorySource(bytes), durability: 'none' });
  untouched = snapshot(base);
}

for (const { name: className, cases: all } of hostileClasses) {
  // A class of bombs only has nothing to do here.
  const cases = all.filter(({ isBomb }) => isBomb !== true);
  if (cases.length === 0) continue;
  describe(className, () => {
    for (const { name, verdict, make } of cases) {
      if ('accepted' in verdict) {
        test(`accepts ${name}`, () => checkAccepted(make(), verdict.accepted));
      } else {
        test(`refuses ${name}`, () => checkRefused(make(), verdict.refused));
      }
    }
  });
}

async function checkRefused(bytes: Buffer, code: ErrorCode): Promise<void> {
  const source = memorySource(bytes);
  assert.equal(await outcome(installRelease({ root, source, durability: 'none' })), code);
  assert.deepEqual(snapshot(base), untouched);
  // What only a host can refuse is no fault of the archive.
  const verified = code === 'E_PLATFORM_MISMATCH' || code === 'E_NEEDS_UNMET' ? 'accepted' : code;
  assert.equal(await outcome(verifyArtifact({ source })), verified, 'as verify sees it');
}

/** `accepted`, or the code of the refusal; an accepted release is taken away again. */
async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    await installRunning();
    return 'accepted';
  } catch (error) {
    return isSalverError(error) ? error.code : String(error);
  }
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
    // The links at shared paths are the installer's own.
    const extracted = Object.entries(tree).filter(([, text]) => !text.startsWith('link ../../shared/'));
    assert.deepEqual(Object.fromEntries(extracted), snapshot(join(own, 'tar')), 'GNU tar extracts the same');
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
