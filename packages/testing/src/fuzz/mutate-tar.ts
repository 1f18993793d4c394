// Changes of tar bytes that know headers: one field at a time, the checksum made true again, blocks moved.
import { checksumOf } from '../hostile/tar-part.js';
import { mutateBytes } from './mutate-bytes.js';
import type { Random } from './random.js';

const BLOCK_BYTES = 512;
const FIELDS: readonly (readonly [offset: number, length: number])[] = [
  [0, 100],
  [100, 8],
  [108, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 8],
  [345, 155],
];
const NAMES = [
  '..',
  '../x',
  'a/../b',
  '/a',
  'a',
  'b',
  'a/b',
  'a/',
  '.salver',
  '.salver/x',
  'ä',
  'z'.repeat(100),
  '',
];
const SIZES = ['00000000000', '00000000001', '00000001000', '00001000001', '77777777777', '-0000000001', '8'];
const TYPES = '0125LKxg7SD\0';

/** A changed copy of a member's raw bytes. */
export function mutateTar(raw: Buffer, random: Random, other: Buffer = raw): Buffer {
  if (raw.length < BLOCK_BYTES || random.once(5)) return mutateBytes(raw, random, other);
  if (random.once(3)) return moveBlocks(raw, random, other);
  const changed = Buffer.from(raw);
  for (let count = 1 + random.below(2); count > 0; count -= 1) changeHeader(changed, random);
  return changed;
}

function changeHeader(raw: Buffer, random: Random): void {
  const block = raw.subarray(blockAt(raw, random)).subarray(0, BLOCK_BYTES);
  const [offset, length] = random.pick(FIELDS);
  if (random.once(3)) {
    const at = offset + random.below(length);
    block[at] = random.below(256);
  } else {
    block.fill(0, offset, offset + length);
    block.write(valueFor(offset, random), offset, length, 'latin1');
  }
  // Most of the time, so that what lies behind the checksum is reached.
  if (!random.once(8)) block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
}

function valueFor(offset: number, random: Random): string {
  if (offset === 156) return random.pick([...TYPES]);
  if (offset === 124) return random.pick(SIZES);
  if (offset === 100) return random.pick(['0000644', '0000755', '0000777', '0004755']);
  return Buffer.from(random.pick(NAMES)).toString('latin1');
}

/** The start of a block, rather of one that looks like a header. */
function blockAt(raw: Buffer, random: Random): number {
  const blocks = Math.floor(raw.length / BLOCK_BYTES);
  let at = 0;
  for (let tries = 0; tries < 4; tries += 1) {
    at = random.below(blocks) * BLOCK_BYTES;
    if (raw[at + 257] === 0x75) break;
  }
  return at;
}

function moveBlocks(raw: Buffer, random: Random, other: Buffer): Buffer {
  const start = blockAt(raw, random);
  const end = start + (1 + random.below(3)) * BLOCK_BYTES;
  const from = random.once(2) && other.length >= BLOCK_BYTES ? other : raw;
  const source = blockAt(from, random);
  const blocks = from.subarray(source, source + (1 + random.below(3)) * BLOCK_BYTES);
  if (random.once(3)) return Buffer.concat([raw.subarray(0, start), raw.subarray(end)]);
  const rest = random.once(2) ? raw.subarray(start) : raw.subarray(end);
  return Buffer.concat([raw.subarray(0, start), blocks, rest]);
}
