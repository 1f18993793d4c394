import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { hostPaths } from '../dist/host-paths.js';
import type { HostPaths } from '../dist/host-paths.js';
import { layWayBack, revertCurrent, switchBack, switchForward } from '../dist/switch-current.js';
import { makeTempDir } from './test-root.js';

function stage(context: TestContext): HostPaths {
  const paths = hostPaths(makeTempDir(context));
  for (const release of ['a', 'b', 'c']) mkdirSync(join(paths.releases, release), { recursive: true });
  return paths;
}

function links(paths: HostPaths): readonly (string | undefined)[] {
  return [paths.current, paths.previous].map((path) =>
    lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readlinkSync(path).slice(-1),
  );
}

test('going back renames the very link that was laid beforehand: no inode is needed', (context) => {
  const paths = stage(context);
  switchForward(paths, 'a', undefined);
  layWayBack(paths, 'a');
  const laid = lstatSync(join(paths.root, '.salver-link-back')).ino;
  switchForward(paths, 'b', 'a');
  assert.deepEqual(links(paths), ['b', 'a']);
  revertCurrent(paths, 'a', null);
  assert.equal(lstatSync(paths.current).ino, laid);
  assert.deepEqual(links(paths), ['a', undefined]);
  revertCurrent(paths, 'a', null);
  assert.deepEqual(links(paths), ['a', undefined], 'again changes nothing');
});

test('a rollback renames `previous` itself', (context) => {
  const paths = stage(context);
  switchForward(paths, 'a', undefined);
  switchForward(paths, 'b', 'a');
  const inode = lstatSync(paths.previous).ino;
  assert.equal(switchBack(paths, 'a', 'b'), undefined);
  assert.equal(lstatSync(paths.current).ino, inode);
  assert.deepEqual(links(paths), ['a', 'b']);
  switchBack(paths, 'c', 'a');
  assert.deepEqual(links(paths), ['c', 'a'], 'also to a release that `previous` does not name');
});

test('without a way back laid, and without a release before, going back works as well', (context) => {
  const paths = stage(context);
  switchForward(paths, 'b', 'a');
  revertCurrent(paths, 'a', 'c');
  assert.deepEqual(links(paths), ['a', 'c']);
  revertCurrent(paths, null, null);
  assert.deepEqual(links(paths), [undefined, undefined]);
});

test('a link that a dead process left under our name is no obstacle', (context) => {
  const paths = stage(context);
  symlinkSync('releases/c', join(paths.root, `.salver-link-${process.pid}`));
  symlinkSync('releases/c', join(paths.root, '.salver-link-back'));
  layWayBack(paths, 'a');
  switchForward(paths, 'b', 'a');
  revertCurrent(paths, 'a', 'a');
  assert.deepEqual(links(paths), ['a', 'a']);
  assert.ok(!existsSync(join(paths.root, `.salver-link-${process.pid}`)));
});
