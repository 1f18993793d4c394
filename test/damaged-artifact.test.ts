// A real artifact, damaged everywhere: each flip and each cut is refused, and the running release stays.
// Most cases call the installer in this process, because thousands of program starts would take minutes;
// a sample of them goes through the built command.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isSalverError, readHead } from '@salver/core';
import { installRelease } from '@salver/installer';
import type { InstallResult } from '@salver/installer';
import { makeArtifact, memorySource } from '@salver/testing';
import { listTree, runProgram } from './product-harness.js';
import { DAMAGE_CODES, printedError } from './refusal.js';
import { assertNothingStaged, rootSnapshot } from './root-snapshot.js';
import { buildSampleReleases } from './sample-releases.js';
import type { SampleReleases } from './sample-releases.js';

const FLIPS = 120;
const CUTS = 100;
const COMMAND_CASES = 12;
const REUSE_CASES = 100;
const DAMAGE_EXIT_STATUS = 3;

let temp: string;
let root: string;
let sound: Buffer;
let releases: SampleReleases;

before(async () => {
  temp = mkdtempSync(join(tmpdir(), 'salver-product-'));
  root = join(temp, 'root');
  releases = await buildSampleReleases(temp);
  sound = readFileSync(releases.v2.artifact);
  // The running release shares nothing with the damaged one: every byte of the artifact has to be read.
  const { bytes } = await makeArtifact({ 'index.js': 'running' });
  await installRelease({ root, source: memorySource(bytes) });
});

after(() => rmSync(temp, { recursive: true, force: true }));

/** The same numbers in every run, so that a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function flipped(offset: number, bit: number): Buffer {
  const bytes = Buffer.from(sound);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  return bytes;
}

/** Asserts that the installer refuses these bytes; `what` names the case. */
async function assertRefusedHere(bytes: Buffer, what: string): Promise<void> {
  const source = memorySource(bytes);
  await assert.rejects(
    installRelease({ root, source, durability: 'none' }),
    (error) => isSalverError(error) && DAMAGE_CODES.has(error.code) && error.exitCode === DAMAGE_EXIT_STATUS,
    what,
  );
}

async function rootStays(work: () => Promise<void>): Promise<void> {
  const state = rootSnapshot(root);
  await work();
  assert.deepEqual(rootSnapshot(root), state, 'the root is as it was');
  assertNothingStaged(root);
}

test(`${FLIPS} flipped bits anywhere are refused`, async () => {
  const next = numbers(1);
  await rootStays(async () => {
    for (let count = 0; count < FLIPS; count += 1) {
      const [offset, bit] = [next(sound.length), next(8)];
      await assertRefusedHere(flipped(offset, bit), `byte ${offset}, bit ${bit}`);
    }
  });
});

test('a flipped bit in any byte of the head is refused', async () => {
  const { headBytes } = readHead(memorySource(sound));
  await rootStays(async () => {
    for (let offset = 0; offset < headBytes; offset += 1) {
      await assertRefusedHere(flipped(offset, offset % 8), `byte ${offset}`);
    }
  });
});

test(`${CUTS} cuts anywhere, and those at the edges, are refused`, async () => {
  const next = numbers(2);
  const { headBytes } = readHead(memorySource(sound));
  const edges = [0, 1, 25, 26, headBytes - 1, headBytes, headBytes + 1, sound.length - 29, sound.length - 1];
  const lengths = [...edges, ...Array.from({ length: CUTS }, () => next(sound.length))];
  await rootStays(async () => {
    for (const length of lengths) {
      await assertRefusedHere(sound.subarray(0, length), `cut after ${length} bytes`);
    }
  });
});

test('bytes behind the end are refused', async () => {
  await rootStays(() => assertRefusedHere(Buffer.concat([sound, Buffer.alloc(1)]), 'one byte more'));
});

test('the command refuses flips and cuts with exit status 3 and a hint', async () => {
  const next = numbers(3);
  const cases = Array.from({ length: COMMAND_CASES }, (_, index) => {
    return index % 2 === 0 ? flipped(next(sound.length), next(8)) : sound.subarray(0, next(sound.length));
  });
  await rootStays(async () => {
    for (const bytes of cases) {
      const path = join(temp, 'damaged.tar.gz');
      writeFileSync(path, bytes);
      const result = await runProgram('salver-host', ['install', path, '--root', root, '--json']);
      const error = printedError(result);
      assert.ok(DAMAGE_CODES.has(error.code), error.code);
      assert.equal(result.status, DAMAGE_EXIT_STATUS);
      assert.equal(typeof error.hint, 'string', `${error.code} has a hint`);
    }
  });
});

test('damage in what the host has already is refused or harmless, never installed', async () => {
  const update = join(temp, 'update');
  const undamaged = join(temp, 'undamaged');
  const from = (path: string): Promise<InstallResult> =>
    installRelease({ root: update, source: memorySource(readFileSync(path)), durability: 'none' });
  await from(releases.v1.artifact);
  await installRelease({ root: undamaged, source: memorySource(sound), durability: 'none' });
  const next = numbers(4);
  let accepted = 0;
  for (let count = 0; count < REUSE_CASES; count += 1) {
    const source = memorySource(flipped(next(sound.length), next(8)));
    const result = await installRelease({ root: update, source, durability: 'none' }).catch(
      (error: unknown) => {
        assert.ok(isSalverError(error) && DAMAGE_CODES.has(error.code), String(error));
      },
    );
    if (result === undefined) continue;
    accepted += 1;
    const trees = [update, undamaged].map((at) => listTree(join(at, 'releases', releases.v2.name)));
    assert.deepEqual(trees[0], trees[1]);
    break;
  }
  assert.ok(accepted > 0, 'some flip hit a member that was linked');
});

test('the sound artifact is accepted after all that', async () => {
  const result = await installRelease({ root, source: memorySource(sound), durability: 'none' });
  assert.equal(result.changed, true);
});
