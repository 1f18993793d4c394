import { objectTooLarge } from './store-errors.js';

/** All bytes of a stream. With `limit` a longer object is refused with E_LIMIT_EXCEEDED, before it was read. */
export async function readWhole(
  stream: AsyncIterable<Uint8Array>,
  limit?: { readonly key: string; readonly bytesMax: number },
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of stream) {
    sizeBytes += piece.length;
    if (limit !== undefined && sizeBytes > limit.bytesMax)
      throw objectTooLarge(limit.key, sizeBytes, limit.bytesMax);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
