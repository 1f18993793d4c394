// Content-defined cuts inside large files (docs/format.md section 7). A cut depends on the 32 bytes before it
// only, so an insertion moves the borders near it and no others, and unchanged stretches keep their digest.
import { CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from './limits.js';
import { sha256Hex } from './digest.js';

/** The hash forgets a byte after this many shifts. */
const WINDOW_BYTES = 32;
/** The chance of a cut per byte is 2^-16, so that minimum + 64 KiB gives the average. */
const CUT_SHIFT = 32 - Math.log2(CHUNK_BYTES_AVERAGE - CHUNK_BYTES_MIN);

const GEAR = makeGear();

function makeGear(): Int32Array {
  const gear = new Int32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    gear[byte] = Number.parseInt(sha256Hex(`salver-gear-1:${byte}`).slice(0, 8), 16) | 0;
  }
  return gear;
}

/**
 * Length in bytes of the first chunk of `data`. `data` is the rest of a file, or at least
 * CHUNK_BYTES_MAX bytes of it.
 */
export function firstChunkBytes(data: Uint8Array): number {
  const limit = Math.min(data.length, CHUNK_BYTES_MAX);
  if (limit <= CHUNK_BYTES_MIN) return limit;
  let hash = 0;
  let position = CHUNK_BYTES_MIN - WINDOW_BYTES;
  while (position < limit) {
    hash = ((hash << 1) + (GEAR[data[position] as number] as number)) | 0;
    position += 1;
    if (hash >>> CUT_SHIFT === 0 && position >= CHUNK_BYTES_MIN) return position;
  }
  return limit;
}
