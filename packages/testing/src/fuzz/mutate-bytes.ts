// Changes of bytes that know nothing of their meaning.
import type { Random } from './random.js';

const EDGE_BYTES = [0, 0x20, 0x2f, 0x30, 0x37, 0x5c, 0x7f, 0x80, 0xff];
const LENGTH_MAX = 64 * 1024;

/** A changed copy; now and then equal. `other` gives bytes to splice in. */
export function mutateBytes(bytes: Buffer, random: Random, other: Buffer = bytes): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    changed = random.pick(CHANGES)(changed, random, other);
  }
  return changed.subarray(0, LENGTH_MAX);
}

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const CHANGES: readonly Change[] = [
  (bytes, random) => withByte(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => withByte(bytes, random, () => random.pick(EDGE_BYTES)),
  (bytes, random) => withByte(bytes, random, () => random.below(256)),
  (bytes, random) => withByte(bytes, random, (byte) => byte + (random.once(2) ? 1 : 255)),
  (bytes, random) => {
    const [start, end] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  (bytes, random, other) => {
    const [start, end] = range(other, random);
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at)]);
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(random.below(1100))]),
];

function withByte(bytes: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = change(bytes[at] ?? 0) & 0xff;
  return bytes;
}

function range(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(bytes.length + 1);
  return [start, start + random.below(Math.min(bytes.length - start, 2048) + 1)];
}
