import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSalverError } from '@salver/core';
import { activateRelease, listReleases, rollbackRelease, rootStatus } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import { install, makeTempDir, withCode } from './test-root.js';

function version(number: number): ReturnType<typeof makeArtifact> {
  return makeArtifact({ 'server.js': `${number}` }, { version: `1.0.${number}`, commit: `c${number}` });
}

function link(root: string, name: string): string {
  return readlinkSync(join(root, name)).slice('releases/'.length);
}

test('activates by name, version or beginning of the id; previous names the one before', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const second = await install(root, await version(2));
  for (const reference of [first.release, '1.0.1', first.id.slice(0, 8), first.id]) {
    const result = await activateRelease({ root, release: reference });
    assert.deepEqual(result, { changed: true, release: first.release, previous: second.release });
    assert.equal(link(root, 'current'), first.release);
    assert.equal(link(root, 'previous'), second.release);
    await activateRelease({ root, release: second.release });
  }
  const again = await activateRelease({ root, release: '1.0.2' });
  assert.equal(again.changed, false);
  assert.equal(again.previous, first.release);
});

test('an unknown or ambiguous reference is refused with the candidates', async (context) => {
  const root = makeTempDir(context);
  const one = await install(root, await makeArtifact({ a: '1' }, { version: '3.0.0' }));
  const two = await install(root, await makeArtifact({ a: '2' }, { version: '3.0.0' }));
  await assert.rejects(activateRelease({ root, release: '3.0.0' }), (error) => {
    assert.ok(isSalverError(error, 'E_RELEASE_NOT_FOUND'));
    assert.deepEqual([...(error.facts.candidates as string[])].sort(), [one.release, two.release].sort());
    return true;
  });
  await assert.rejects(activateRelease({ root, release: '9' }), withCode('E_RELEASE_NOT_FOUND'));
  await assert.rejects(activateRelease({ root, release: '../..' }), withCode('E_RELEASE_NOT_FOUND'));
  assert.equal(link(root, 'current'), two.release);
});

test('rollback goes to the release before, and can itself be undone', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const second = await install(root, await version(2));
  assert.deepEqual(await rollbackRelease({ root }), {
    changed: true,
    release: first.release,
    previous: second.release,
  });
  assert.equal(link(root, 'current'), first.release);
  assert.equal(link(root, 'previous'), second.release);
  await rollbackRelease({ root });
  assert.equal(link(root, 'current'), second.release);
});

test('with nothing to go back to, rollback says so and changes nothing', async (context) => {
  const root = makeTempDir(context);
  await assert.rejects(rollbackRelease({ root }), withCode('E_RELEASE_NOT_FOUND'));
  const first = await install(root, await version(1));
  await assert.rejects(rollbackRelease({ root }), withCode('E_NOTHING_TO_ROLL_BACK'));
  assert.equal(link(root, 'current'), first.release);
});

test('rollback does not go to a release that is gone', async (context) => {
  const root = makeTempDir(context);
  const first = await install(root, await version(1));
  const second = await install(root, await version(2));
  rmSync(join(root, 'releases', first.release), { recursive: true });
  await assert.rejects(rollbackRelease({ root }), withCode('E_RELEASE_NOT_FOUND'));
  assert.equal(link(root, 'current'), second.release);
  assert.match(rootStatus(root).problems.join(), /previous points to .* not installed/);
});

test('status and releases tell what is installed', async (context) => {
  const root = makeTempDir(context);
  assert.throws(() => rootStatus(root), withCode('E_RELEASE_NOT_FOUND'));
  const first = await install(root, await version(1));
  const second = await install(root, await version(2));
  const status = rootStatus(root);
  assert.equal(status.name, 'app');
  assert.equal(status.current?.release, second.release);
  assert.equal(status.current?.id, second.id);
  assert.equal(status.current?.commit, 'c2');
  assert.equal(status.previous?.release, first.release);
  assert.equal(status.releasesTotal, 2);
  assert.deepEqual(status.problems, []);
  assert.deepEqual(
    listReleases(root).map(({ release, isCurrent, isPrevious }) => ({ release, isCurrent, isPrevious })),
    [
      { release: second.release, isCurrent: true, isPrevious: false },
      { release: first.release, isCurrent: false, isPrevious: true },
    ],
  );
});

test('status shows a current that is a directory as a problem', async (context) => {
  const root = makeTempDir(context);
  await install(root, await version(1), { activate: false });
  assert.equal(rootStatus(root).current, null);
  mkdirSync(join(root, 'current'));
  assert.match(rootStatus(root).problems.join(), /current is a directory/);
});
