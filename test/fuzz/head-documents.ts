// The three documents of a head, out of its raw bytes and back, without the reader that is tested.
import { directory, file } from '@salver/testing';

const BLOCK_BYTES = 512;
const NAMES = ['layout', 'manifest', 'source'];

/** The contents of the files that follow the head's directory, as far as they can be found. */
export function documentsOf(raw: Buffer): readonly Buffer[] {
  const documents: Buffer[] = [];
  let offset = BLOCK_BYTES;
  while (offset + BLOCK_BYTES <= raw.length && documents.length <= NAMES.length) {
    const size = Number.parseInt(raw.toString('latin1', offset + 124, offset + 135), 8);
    if (!(size >= 0)) break;
    const start = offset + BLOCK_BYTES;
    documents.push(raw.subarray(start, start + size));
    offset = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return documents;
}

/** The raw head that holds these documents. */
export function headOfDocuments(documents: readonly Buffer[]): Buffer {
  const parts = documents.map((bytes, index) => file(`.salver/${NAMES[index] ?? 'x'}.json`, bytes));
  return Buffer.concat([directory('.salver'), ...parts].map(({ bytes }) => bytes));
}
