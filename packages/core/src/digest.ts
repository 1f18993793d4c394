// sha256 in the form the format uses: lower-case hex.
import { createHash, hash } from 'node:crypto';

export const SHA256_PATTERN = /^[0-9a-f]{64}$/;

/** Lower-case hex sha256 of `bytes`. */
export function sha256Hex(bytes: Uint8Array | string): string {
  // One-shot hash(): creating a Hash object costs more than hashing a small member.
  return hash('sha256', bytes, 'hex');
}

/** A running sha256. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  digestHex(): string;
}

export function createSha256(): Sha256 {
  const running = createHash('sha256');
  return {
    update: (bytes) => void running.update(bytes),
    digestHex: () => running.digest('hex'),
  };
}
