// A local file, or bytes, as the content of an object.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileSystemError, printable, sha256Hex } from '@salver/core';
import type { ObjectContent, ObjectHeaders } from '@salver/core';

const READ_BYTES = 256 * 1024;
/** Objects with a hash in their name never change. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Reads the file once to know its digest. Throws E_FILE_SYSTEM. */
export async function fileContent(path: string, headers: ObjectHeaders = {}): Promise<ObjectContent> {
  const open = (): AsyncIterable<Uint8Array> => readPieces(path);
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of open()) {
    sha256.update(piece);
    sizeBytes += piece.length;
  }
  return { sizeBytes, sha256: sha256.digest('hex'), open, ...headers };
}

async function* readPieces(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw fileSystemError(error, `cannot read ${printable(path)}`);
  }
}

export function bytesContent(bytes: Buffer, headers: ObjectHeaders = {}): ObjectContent {
  return {
    sizeBytes: bytes.length,
    sha256: sha256Hex(bytes),
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream of one piece
    async *open() {
      yield bytes;
    },
    ...headers,
  };
}
