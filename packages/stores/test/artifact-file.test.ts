import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { isSalverError } from '@salver/core';
import { openArtifactFile } from '@salver/stores';

function makeTempDir(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'salver-stores-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('reads exactly the bytes asked for, anywhere in the file', (context) => {
  const path = join(makeTempDir(context), 'artifact.tar.gz');
  writeFileSync(path, 'abcdefgh');
  const source = openArtifactFile(path);
  assert.equal(source.sizeBytes, 8);
  assert.equal(source.description, path);
  assert.equal(source.readSync(0, 8).toString(), 'abcdefgh');
  assert.equal(source.readSync(3, 2).toString(), 'de');
  assert.equal(source.readSync(8, 0).length, 0);
  source.close();
});

test('says that the file is truncated when it ends early, also when it shrinks later', (context) => {
  const path = join(makeTempDir(context), 'artifact.tar.gz');
  writeFileSync(path, 'abcdefgh');
  const source = openArtifactFile(path);
  context.after(() => source.close());
  assert.throws(
    () => source.readSync(6, 3),
    (error) => isSalverError(error, 'E_ARTIFACT_TRUNCATED'),
  );
  truncateSync(path, 2);
  assert.throws(
    () => source.readSync(0, 8),
    (error) => isSalverError(error, 'E_ARTIFACT_TRUNCATED'),
  );
});

test('keeps reading the file it opened when the name is given to another one', (context) => {
  const path = join(makeTempDir(context), 'artifact.tar.gz');
  writeFileSync(path, 'old');
  const source = openArtifactFile(path);
  context.after(() => source.close());
  rmSync(path);
  writeFileSync(path, 'new');
  assert.equal(source.readSync(0, 3).toString(), 'old');
});

test('closing twice is harmless', (context) => {
  const path = join(makeTempDir(context), 'artifact.tar.gz');
  writeFileSync(path, 'x');
  const source = openArtifactFile(path);
  source.close();
  assert.doesNotThrow(() => source.close());
});

test('refuses what is no file', (context) => {
  const directory = makeTempDir(context);
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [join(directory, 'missing'), directory, pipe, join(directory, 'missing', 'deeper')]) {
    assert.throws(
      () => openArtifactFile(path),
      (error) => isSalverError(error, 'E_ARTIFACT_NOT_FOUND'),
      path,
    );
  }
});
