// install.sh under every shell at hand, against what the installer itself does with the same artifact.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { artifactFileName } from '@salver/core';
import { installScript, verifyRelease } from '@salver/installer';
import { makeArtifact } from '@salver/testing';
import type { MadeArtifact } from '@salver/testing';
import { install, makeTempDir, snapshot } from './test-root.js';

const SHELLS: Readonly<Record<string, readonly string[]>> = {
  sh: ['sh'],
  dash: ['dash'],
  busybox: ['busybox', 'sh'],
  bash: ['bash', '--posix'],
};
const BUSYBOX_TOOLS =
  'basename cat cmp cp cut date dd dirname grep gzip head ln ls mkdir mktemp mv readlink rm sed sha256sum sync tail tar tr uname wc';

function isThere(command: readonly string[]): boolean {
  return spawnSync(command[0] ?? '', [...command.slice(1), '-c', 'exit 0']).status === 0;
}

function version(number: number): Promise<MadeArtifact> {
  const long = `${'deep-directory-name/'.repeat(6)}file-with-a-long-name.js`;
  return makeArtifact(
    {
      'server.js': `${number}`,
      'bin/run': { data: '#!/bin/sh\n', executable: true },
      'lib/big.bin': Buffer.alloc(700_000, number),
      [long]: 'long',
      'äöü.txt': 'umlauts',
      link: { linkTo: 'lib/big.bin' },
      'uploads/keep': 'initial',
    },
    { version: `1.0.${number}`, host: { shared: ['uploads', 'var/log'] } },
  );
}

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly error: string;
}

for (const [name, shell] of Object.entries(SHELLS)) {
  const skip = isThere(shell) ? false : `${name} is not installed`;

  const setUp = (directory: string): ((artifact: MadeArtifact, fileName?: string) => Ran) => {
    const script = join(directory, 'install.sh');
    writeFileSync(script, installScript);
    const env = { ...process.env, PATH: name === 'busybox' ? busyboxPath(directory) : process.env.PATH };
    return (artifact, fileName = artifactFileName(artifact.manifest, artifact.id)) => {
      writeFileSync(join(directory, fileName), artifact.bytes);
      const args = [...shell.slice(1), script, join(directory, fileName), join(directory, 'root')];
      // By its full path, because PATH may hold only links to busybox.
      const ran = spawnSync(which(shell[0] ?? ''), args, { encoding: 'utf8', env });
      return { status: ran.status, out: ran.stdout, error: ran.stderr };
    };
  };

  test(
    `under ${name}, leaves the same release as the installer, current and previous`,
    { skip },
    async (context) => {
      const directory = makeTempDir(context);
      const run = setUp(directory);
      const root = join(directory, 'root');
      const [first, second] = [await version(1), await version(2)];
      const ran = run(first);
      assert.equal(ran.status, 0, ran.error);
      assert.equal(ran.error, '');
      assert.equal(run(second).status, 0);
      const expected = join(directory, 'expected');
      await install(expected, first);
      const { release } = await install(expected, second);
      for (const part of ['releases', 'shared']) {
        assert.deepEqual(snapshot(join(root, part)), snapshot(join(expected, part)));
      }
      assert.equal(readlinkSync(join(root, 'current')), `releases/${release}`);
      assert.equal(readlinkSync(join(root, 'previous')), readlinkSync(join(expected, 'previous')));
      assert.deepEqual(readdirSync(join(root, '.salver/staging')), []);
      const again = run(second);
      assert.equal(again.status, 0);
      assert.match(again.out, /already/);
      // The installer takes over what the script left.
      assert.equal((await install(root, second)).changed, false);
      await verifyRelease({ root });
    },
  );

  test(
    `under ${name}, refuses damage, other platforms and a held lock, and changes nothing`,
    { skip },
    async (context) => {
      const directory = makeTempDir(context);
      const run = setUp(directory);
      const root = join(directory, 'root');
      run(await version(1));
      const before = snapshot(root);
      const good = await version(2);
      const damage = (position: number): MadeArtifact => {
        const bytes = Buffer.from(good.bytes);
        bytes[position] = (bytes[position] ?? 0) ^ 16;
        return { ...good, bytes };
      };
      const refused: readonly (readonly [string, MadeArtifact, number])[] = [
        ['flip in the head', damage(300), 3],
        ['flip in the content', damage(good.bytes.length - 900), 3],
        ['cut off', { ...good, bytes: good.bytes.subarray(0, good.bytes.length - 500) }, 3],
        ['not an artifact', { ...good, bytes: Buffer.from('hello') }, 3],
        ['other id than in the name', { ...good, id: '0'.repeat(64) }, 3],
        ['other platform', await makeArtifact({ a: '1' }, { target: 'darwin-arm64' }), 5],
        [
          'newer glibc',
          await makeArtifact({ a: '1' }, { needs: { glibc: { version: '2.99', by: 'x' } } }),
          5,
        ],
      ];
      for (const [what, artifact, status] of refused) {
        const ran = run(artifact);
        assert.equal(ran.status, status, `${what}: ${ran.error}`);
        assert.match(ran.error, /^error: .* \[E_[A-Z_]+\]\nhint: /m, what);
        assert.deepEqual(snapshot(root), before, what);
      }
      const stat = readFileSync(`/proc/${process.pid}/stat`, 'utf8');
      const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      writeFileSync(join(root, '.salver/lock.held'), `pid=${process.pid}\nstart=${start}\nboot=${boot}\n`);
      assert.equal(run(good).status, 5);
      writeFileSync(join(root, '.salver/lock.held'), `pid=${process.pid}\nstart=1\nboot=${boot}\n`);
      assert.equal(run(good).status, 0, 'a lock whose holder is gone does not count');
      assert.ok(existsSync(join(root, 'current/server.js')));
    },
  );
}

/** A PATH with busybox's tools and nothing else: no flock(1), so that the other lock is used. */
function busyboxPath(directory: string): string {
  const bin = join(directory, 'busybox-bin');
  mkdirSync(bin);
  for (const tool of BUSYBOX_TOOLS.split(' ')) symlinkSync(which('busybox'), join(bin, tool));
  symlinkSync(which('getconf'), join(bin, 'getconf'));
  return bin;
}

function which(program: string): string {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).stdout.trim();
}
