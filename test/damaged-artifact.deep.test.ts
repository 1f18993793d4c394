// Damage in full: every bit and every cut of a small artifact, ten thousand flips and every block's cut of a large
// one. The short form is test/damaged-artifact.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { decodeMember, isSalverError, readHead } from '@salver/core';
import type { ArtifactHead } from '@salver/core';
import { installRelease } from '@salver/installer';
import { Random, makeArtifact, memorySource, noise } from '@salver/testing';
import { DAMAGE_CODES } from './refusal.js';
import { assertNothingStaged, rootSnapshot } from './root-snapshot.js';

const LARGE_BYTES_MIN = 20 * 1024 * 1024;
const FLIPS = 10_000;
/** Of the flips of the large artifact, every so manieth goes through a whole installation. */
const INSTALL_EVERY = 100;
const CUT_STEP_BYTES = 512;

let root: string;
let small: Buffer;
let large: Buffer;

before(async () => {
  root = mkdtempSync(join(tmpdir(), 'salver-damage-'));
  const running = await makeArtifact({ 'index.js': 'running' });
  await installRelease({ root, source: memorySource(running.bytes), durability: 'none' });
  const text = 'const answer = 42;\n';
  small = (
    await makeArtifact(
      {
        'a.js': text,
        'lib/b.js': text.repeat(20),
        link: { linkTo: 'a.js' },
        run: { data: '#!', executable: true },
      },
      { version: '2.0.0' },
    )
  ).bytes;
  const files = Array.from({ length: 400 }, (_, index) => [
    `d${index % 20}/f${index}`,
    noise(50_000, index + 1),
  ]);
  const whole = {
    ...(Object.fromEntries(files) as Record<string, Buffer>),
    'big.bin': noise(2_000_000, 999),
  };
  large = (await makeArtifact(whole, { version: '3.0.0' })).bytes;
  assert.ok(large.length > LARGE_BYTES_MIN);
});

after(() => rmSync(root, { recursive: true, force: true }));

test('every bit of a small artifact, flipped, is refused by an installation', async (context) => {
  const tally = new Tally();
  await rootStays(async () => {
    for (let bit = 0; bit < small.length * 8; bit += 1) {
      tally.add(await codeOfInstall(flipped(small, bit), `bit ${bit}`));
    }
  });
  tally.tell(context, `${small.length * 8} flips of ${small.length} bytes`);
});

test('every cut of a small artifact is refused by an installation', async (context) => {
  const tally = new Tally();
  await rootStays(async () => {
    for (let length = 0; length < small.length; length += 1) {
      tally.add(await codeOfInstall(small.subarray(0, length), `cut after ${length}`));
    }
  });
  tally.tell(context, `${small.length} cuts`);
});

test(`${FLIPS} flipped bits of a large artifact are refused`, async (context) => {
  const random = new Random(7);
  const head = readHead(memorySource(large));
  const [all, installed] = [new Tally(), new Tally()];
  await rootStays(async () => {
    for (let count = 0; count < FLIPS; count += 1) {
      const bit = random.below(large.length) * 8 + random.below(8);
      all.add(withFlip(bit, () => codeOfReading(head, bit >> 3)));
      if (count % INSTALL_EVERY !== 0) continue;
      installed.add(await codeOfInstall(flipped(large, bit), `bit ${bit}`));
    }
  });
  all.tell(context, `${FLIPS} flips of ${large.length} bytes, each read up to the member it hits`);
  installed.tell(context, 'of them through a whole installation');
});

test(`cuts of a large artifact at every ${CUT_STEP_BYTES} bytes are refused`, async (context) => {
  const tally = new Tally();
  await rootStays(async () => {
    for (let length = 0; length < large.length; length += CUT_STEP_BYTES) {
      tally.add(await codeOfInstall(large.subarray(0, length), `cut after ${length}`));
    }
  });
  tally.tell(context, 'cuts');
});

/** How often each code came. */
class Tally {
  readonly #counts = new Map<string, number>();

  add(code: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }

  tell(context: TestContext, what: string): void {
    const codes = [...this.#counts].map(([code, count]) => `${code} ${count}`);
    context.diagnostic(`${what}: ${codes.join(', ')}`);
  }
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Flips a bit of the large artifact for as long as `work` takes: copying it ten thousand times takes minutes. */
function withFlip<T>(bit: number, work: () => T): T {
  const flip = (): void => void (large[bit >> 3] = (large[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
  flip();
  try {
    return work();
  } finally {
    flip();
  }
}

async function codeOfInstall(bytes: Buffer, what: string): Promise<string> {
  const attempt = installRelease({ root, source: memorySource(bytes), durability: 'none' });
  return refusal(
    await attempt.then(
      () => undefined,
      (error: unknown) => error,
    ),
    what,
  );
}

/** What an installation would read and nothing else has changed: the head, the tail, and the member at `offset`. */
function codeOfReading(sound: ArtifactHead, offset: number): string {
  try {
    readHead(memorySource(large));
    decodeAt(sound, offset);
  } catch (error) {
    return refusal(error, `byte ${offset}`);
  }
  return assert.fail(`byte ${offset} was read`);
}

function decodeAt({ headBytes, layout, manifest }: ArtifactHead, offset: number): void {
  const rows = manifest.units.flatMap(({ members }) => members);
  let start = headBytes;
  layout.members.forEach((row, index) => {
    const end = start + row[0];
    const member = rows[index];
    if (offset >= start && offset < end && member !== undefined)
      decodeMember(large.subarray(start, end), { row: member, layout: row });
    start = end;
  });
}

function refusal(error: unknown, what: string): string {
  assert.ok(isSalverError(error) && DAMAGE_CODES.has(error.code), `${what}: ${String(error)}`);
  return error.code;
}

async function rootStays(work: () => Promise<void>): Promise<void> {
  const state = rootSnapshot(root);
  await work();
  assert.deepEqual(rootSnapshot(root), state, 'the root is as it was');
  assertNothingStaged(root);
}
