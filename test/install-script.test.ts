// `.salver/install.sh`, the way in for hosts without Node: under each small shell it must leave what salver-host leaves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readHead } from '@salver/core';
import { makeArtifact, memorySource } from '@salver/testing';
import { diffTrees, listTree, runCommand, runJson, startCommand } from './product-harness.js';
import type { InstallReport, ProgramResult } from './product-harness.js';
import { rootSnapshot } from './root-snapshot.js';
import { buildSampleReleases } from './sample-releases.js';
import type { SampleReleases } from './sample-releases.js';

const SHELLS: readonly (readonly string[])[] = [['dash'], ['busybox', 'sh'], ['bash', '--posix']];
const FLIPS = 12;

let temp: string;
let releases: SampleReleases;
let reference: string;

before(async () => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  releases = await buildSampleReleases(temp);
  reference = join(temp, 'reference');
  await runJson('salver-host', ['install', releases.v1.artifact, '--root', reference]);
  await runCommand('tar', ['xzf', releases.v1.artifact, '-C', temp, '.salver/install.sh']);
});

after(() => rmSync(temp, { recursive: true, force: true }));

/** Why this shell cannot be tried here, or false. */
function skipReason([program = '']: readonly string[]): string | false {
  return spawnSync(program, ['true']).error === undefined ? false : `${program} is not installed`;
}

for (const shell of SHELLS) {
  describe(shell.join(' '), { skip: skipReason(shell) }, () => {
    const rootOf = (name: string): string => join(temp, `${shell[0]}-${name}`);

    const install = (artifact: string, root: string): Promise<ProgramResult> => {
      const [program = '', ...options] = shell;
      return startCommand(program, [...options, join(temp, '.salver/install.sh'), artifact, root]).ended;
    };

    const installed = async (artifact: string, root: string): Promise<string> => {
      const result = await install(artifact, root);
      assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
      return `${result.stdout}${result.stderr}`;
    };

    /** Asserts that a file is refused over a running release, which stays. */
    const refuses = async (bytes: Buffer, root: string, name = 'refused.tar.gz'): Promise<string> => {
      const path = join(temp, name);
      writeFileSync(path, bytes);
      const state = rootSnapshot(root);
      const result = await install(path, root);
      assert.notEqual(result.status, 0);
      assert.deepEqual(rootSnapshot(root), state, 'the root is as it was');
      assert.deepEqual(leftovers(root), []);
      assert.match(result.stderr, /error: .+/);
      return result.stderr;
    };

    test('installs and activates what salver-host installs, byte for byte', async () => {
      const root = rootOf('equal');
      await installed(releases.v1.artifact, root);
      assert.equal(readlinkSync(join(root, 'current')), readlinkSync(join(reference, 'current')));
      const [ours, theirs] = [join(root, 'releases'), join(reference, 'releases')];
      assert.deepEqual(diffTrees(listTree(ours), listTree(theirs)), []);
    });

    test('a second run changes nothing and says so', async () => {
      const root = rootOf('twice');
      await installed(releases.v1.artifact, root);
      const state = [rootSnapshot(root), lstatSync(join(root, 'current')).ino];
      assert.match(await installed(releases.v1.artifact, root), /already/);
      assert.deepEqual([rootSnapshot(root), lstatSync(join(root, 'current')).ino], state);
    });

    test('an update sets previous, and salver-host takes the root over', async () => {
      const root = rootOf('update');
      await installed(releases.v1.artifact, root);
      await installed(releases.v2.artifact, root);
      assert.equal(readlinkSync(join(root, 'current')), `releases/${releases.v2.name}`);
      assert.equal(readlinkSync(join(root, 'previous')), `releases/${releases.v1.name}`);
      await runJson<InstallReport>('salver-host', ['rollback', '--root', root]);
      assert.equal(readlinkSync(join(root, 'current')), `releases/${releases.v1.name}`);
    });

    test('refuses flipped bytes and cuts', async () => {
      const root = rootOf('damage');
      await installed(releases.v1.artifact, root);
      const sound = readFileSync(releases.v2.artifact);
      const { headBytes } = readHead(memorySource(sound));
      for (let count = 0; count < FLIPS; count += 1) {
        const damaged = Buffer.from(sound);
        const offset = headBytes + Math.floor(((sound.length - headBytes) * count) / FLIPS) + 40;
        damaged[offset] = (damaged[offset] ?? 0) ^ 0x10;
        await refuses(damaged, root);
      }
      const inHead = Buffer.from(sound);
      inHead[headBytes >> 1] = (inHead[headBytes >> 1] ?? 0) ^ 0x01;
      await refuses(inHead, root);
      for (const length of [0, 100, headBytes, Math.floor(sound.length / 2), sound.length - 40]) {
        await refuses(sound.subarray(0, length), root);
      }
    });

    test('refuses a release for another platform by name', async () => {
      const root = rootOf('platform');
      await installed(releases.v1.artifact, root);
      const { bytes } = await makeArtifact({ 'server.js': '2' }, { target: 'linux-riscv64-musl' });
      assert.match(await refuses(bytes, root), /riscv64/);
    });
  });
}

/** Work in progress that should not be there. */
function leftovers(root: string): string[] {
  const staging = join(root, '.salver/staging');
  const staged = existsSync(staging) ? readdirSync(staging) : [];
  return [...staged, ...readdirSync(root).filter((name) => name.startsWith('.') && name !== '.salver')];
}
