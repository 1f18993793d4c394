// A disk without one free byte or inode: going back works, whatever else cannot be written down.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HostSettings } from '@salver/core';
import { recoverInstallation, rollbackRelease } from '@salver/installer';
import { hostPaths } from '../dist/host-paths.js';
import { readJournal, writeJournal } from '../dist/journal.js';
import { failure, linkTo, listeningProgress, nameOf, release } from './served-root.js';
import { fillDisk, mountProblem, withSmallDisk } from './small-disk.js';
import { install, makeTempDir } from './test-root.js';

/** Takes every byte and every inode. */
function fillUp(root: string): void {
  fillDisk(join(root, 'filler'));
  mkdirSync(join(root, 'many'), { recursive: true });
  for (let index = 0; ; index += 1) {
    try {
      writeFileSync(join(root, `many-${index}`), '');
    } catch {
      break;
    }
  }
  assert.equal(statfsSync(root).bavail, 0);
  assert.equal(statfsSync(root).ffree, 0);
}

const HOST: HostSettings = { hooks: { reload: { run: 'echo reloading' }, check: { run: 'true' } } };
const DISK = 'size=8m,nr_inodes=600';

const LAID_OUT: readonly [what: string, missing: readonly string[]][] = [
  ['a journal and its spare', []],
  ['a journal without its spare', ['journal.spare']],
  ['no journal', ['journal.json', 'journal.spare']],
];

for (const [what, missing] of LAID_OUT) {
  test(`a rollback works with no room at all, with ${what}`, { skip: mountProblem }, async (context) => {
    const root = join(makeTempDir(context), 'disk');
    await withSmallDisk(root, DISK, async () => {
      const first = await install(root, await release(1, HOST));
      await install(root, await release(2, HOST));
      for (const name of missing) rmSync(join(root, '.salver', name));
      fillUp(root);
      const { progress, said } = listeningProgress();
      const result = await rollbackRelease({ root, progress });
      assert.deepEqual([result.changed, result.release], [true, first.release]);
      assert.equal(linkTo(root, 'current'), first.release);
      if (!missing.includes('journal.json')) {
        assert.equal(readJournal(hostPaths(root))?.act, 'rollback');
        assert.equal(readJournal(hostPaths(root))?.phase, 'done');
      }
      context.diagnostic(said.join(' | '));
    });
  });
}

test(
  'a release that fails its check is taken back although the disk has become full',
  { skip: mountProblem },
  async (context) => {
    const root = join(makeTempDir(context), 'disk');
    await withSmallDisk(root, DISK, async () => {
      const first = await install(root, await release(1, HOST));
      const fill =
        'dd if=/dev/zero of="$SALVER_ROOT/filler" bs=4096 2>/dev/null; i=0; while : > "$SALVER_ROOT/many-$i"; do i=$((i+1)); done 2>/dev/null; false';
      const artifact = await release(2, {
        hooks: { check: { run: fill, deadline: '5s', timeout: '5s', interval: '6s' } },
      });
      const error = await failure(install(root, artifact));
      assert.equal(error.code, 'E_ACTIVATION_FAILED');
      assert.equal(linkTo(root, 'current'), first.release);
      assert.equal(readJournal(hostPaths(root))?.phase, 'done');
      for (const name of readdirSync(root))
        if (name.startsWith('many-') || name === 'filler') rmSync(join(root, name));
      assert.equal((await recoverInstallation({ root })).outcome, 'none');
      assert.equal(linkTo(root, 'current'), first.release);
      assert.ok(readdirSync(join(root, 'releases')).includes(nameOf(artifact)));
    });
  },
);

test('a cut-off activation is recovered on a full disk', { skip: mountProblem }, async (context) => {
  const root = join(makeTempDir(context), 'disk');
  await withSmallDisk(root, DISK, async () => {
    const first = await install(root, await release(1));
    const second = await install(
      root,
      await release(2, { hooks: { check: { run: 'false', deadline: '50ms' } } }),
      { activate: false },
    );
    const paths = hostPaths(root);
    const journal = readJournal(paths);
    assert.ok(journal !== undefined);
    writeJournal(paths, { ...journal, phase: 'rolling-back', from: first.release, to: second.release });
    fillUp(root);
    assert.equal((await recoverInstallation({ root })).outcome, 'reverted');
    assert.equal(readJournal(paths)?.phase, 'done');
    assert.equal(linkTo(root, 'current'), first.release);
  });
});
