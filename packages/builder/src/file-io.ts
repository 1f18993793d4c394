// Whole reads and writes on descriptors: the system calls may transfer less than asked for.
import { readSync, writeSync } from 'node:fs';

/** Reads up to `target.length` bytes at `position`; fewer only at the end of the file. Returns how many. */
export function readFully(fd: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Writes all bytes at the descriptor's own position. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done);
}
