// The output of a command of the app: kept in a file, with a bound, and its end at hand for messages. The
// beginning is written as it comes, so that it can be followed; of the rest only the end is kept.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { printable } from '@salver/core';

const BEGINNING_BYTES_MAX = 256 * 1024;
const END_BYTES_MAX = 64 * 1024;
const TAIL_LINES_MAX = 20;

export class OutputCapture {
  #fd: number | undefined;
  #written = 0;
  #leftOut = 0;
  #end = Buffer.alloc(0);

  /** A file that cannot be made, e.g. on a full disk, costs the log and nothing else. */
  constructor(path: string | undefined) {
    if (path === undefined) return;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      this.#fd = openSync(path, 'a', 0o600);
    } catch {
      this.#fd = undefined;
    }
  }

  add(chunk: Buffer): void {
    const room = BEGINNING_BYTES_MAX - this.#written;
    if (room > 0) this.#write(chunk.subarray(0, room));
    this.#leftOut += Math.max(0, chunk.length - Math.max(0, room));
    this.#written += chunk.length;
    const joined = Buffer.concat([this.#end, chunk.subarray(-END_BYTES_MAX)]);
    this.#end = Buffer.from(joined.subarray(-END_BYTES_MAX));
  }

  /** Writes the end of what was left out and closes the file. */
  finish(): void {
    if (this.#fd === undefined) return;
    if (this.#leftOut > 0) {
      const kept = this.#end.subarray(-Math.min(END_BYTES_MAX, this.#leftOut));
      this.#write(Buffer.from(`\n[... ${this.#leftOut - kept.length} bytes left out ...]\n`));
      this.#write(kept);
    }
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** The last lines, safe to print. */
  get tail(): readonly string[] {
    const lines = this.#end.toString('utf8').split('\n');
    while (lines.at(-1) === '') lines.pop();
    return lines.slice(-TAIL_LINES_MAX).map((line) => printable(line.replace(/\r$/, '')));
  }

  #write(bytes: Buffer): void {
    try {
      if (this.#fd !== undefined && bytes.length > 0) writeSync(this.#fd, bytes);
    } catch {
      // The disk is full: the command must not fail because of its log.
    }
  }
}
