// Gathers the beginning of an artifact: its head, and what comes with it in the first answer.
import {
  HEAD_FIRST_READ_BYTES,
  HEAD_GZIP_HEADER_BYTES,
  headMemberBytes,
  isHeadIntact,
  isSalverError,
} from '@salver/core';
import { wrongBytes } from './member-taker.js';

export class HeadTaker {
  readonly #pieces: Uint8Array[] = [];
  #got = 0;
  /** Length of the head member; 0 while it is not known. */
  headBytes = 0;

  /** How many bytes have come. */
  get position(): number {
    return this.#got;
  }

  /** How many are taken when they come. */
  get wanted(): number {
    return Math.max(HEAD_FIRST_READ_BYTES, this.headBytes);
  }

  get isWhole(): boolean {
    return this.headBytes > 0 && this.#got >= this.headBytes;
  }

  /** Takes what is wanted of `bytes`, which lie at `offset` in the file. Throws E_ARTIFACT_DAMAGED, E_FORMAT_UNKNOWN. */
  take(offset: number, bytes: Uint8Array): void {
    const skipped = this.#got - offset;
    if (skipped < 0) throw wrongBytes('the bytes do not follow on those before');
    const piece = bytes.subarray(skipped, this.wanted - offset);
    if (skipped >= bytes.length || piece.length === 0) return;
    this.#pieces.push(piece);
    this.#got += piece.length;
    if (this.headBytes === 0 && this.#got >= HEAD_GZIP_HEADER_BYTES) this.headBytes = lengthOf(this.bytes());
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Throws E_ARTIFACT_DAMAGED when the head is not what was written. */
  check(): void {
    if (!isHeadIntact(this.bytes().subarray(0, this.headBytes))) throw wrongBytes('the head is damaged');
  }
}

function lengthOf(start: Buffer): number {
  try {
    return headMemberBytes(start);
  } catch (error) {
    if (!isSalverError(error, 'E_ARTIFACT_DAMAGED')) throw error;
    throw wrongBytes(error.message);
  }
}
