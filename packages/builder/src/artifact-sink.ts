// Where the bytes of an artifact go: into a new file, or compared with the file that is there already, for as long as
// the two agree. Building the same release twice then writes nothing.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFully, writeFully } from './file-io.js';
import { removeOnSignal } from './remove-on-signal.js';
import { temporaryName } from './temp-space.js';

/** Names of unfinished files in output directories begin with it; the identity of the writer follows. */
export const TEMPORARY_PREFIX = '.salver-tmp-';

/**
 * Pieces are gathered so that thousands of small units do not become thousands of writes. No larger: writes of
 * 4 MiB took up to ten times as long as the same bytes in writes of this size (ext4, Linux 6.18).
 */
const BUFFER_BYTES = 256 * 1024;

export class ArtifactSink {
  readonly #path: string;
  readonly #temporary: string;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  /** Bytes handed on so far. */
  #position = 0;
  /** The existing file, while it agrees. */
  #existing: number | undefined;
  #output: number | undefined;
  #forget: () => void = () => undefined;

  constructor(path: string, sizeBytes: number) {
    this.#path = path;
    this.#temporary = join(dirname(path), `${TEMPORARY_PREFIX}${temporaryName()}`);
    if (statSync(path, { throwIfNoEntry: false })?.size === sizeBytes) this.#existing = openSync(path, 'r');
  }

  write(piece: Uint8Array): void {
    for (let done = 0; done < piece.length;) {
      const part = piece.subarray(done, done + BUFFER_BYTES - this.#buffered);
      done += part.length;
      if (part.length === BUFFER_BYTES) {
        this.#handOn(part);
        continue;
      }
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      if (this.#buffered === BUFFER_BYTES) this.#flush();
    }
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    this.#handOn(bytes);
  }

  #handOn(bytes: Uint8Array): void {
    if (this.#existing !== undefined && !this.#agrees(this.#existing, bytes)) this.#stopComparing();
    if (this.#existing === undefined) writeFully(this.#openOutput(), bytes);
    this.#position += bytes.length;
  }

  #agrees(existing: number, bytes: Uint8Array): boolean {
    const there = Buffer.allocUnsafe(bytes.length);
    return readFully(existing, there, this.#position) === bytes.length && there.equals(bytes);
  }

  /** What agreed so far is taken over from the existing file. */
  #stopComparing(): void {
    const existing = this.#existing as number;
    this.#existing = undefined;
    try {
      const output = this.#openOutput();
      const piece = Buffer.allocUnsafe(BUFFER_BYTES);
      for (let copied = 0; copied < this.#position;) {
        const part = piece.subarray(0, Math.min(BUFFER_BYTES, this.#position - copied));
        copied += readFully(existing, part, copied);
        writeFully(output, part);
      }
    } finally {
      closeSync(existing);
    }
  }

  #openOutput(): number {
    if (this.#output === undefined) {
      this.#forget = removeOnSignal(this.#temporary);
      this.#output = openSync(this.#temporary, 'wx', 0o644);
    }
    return this.#output;
  }

  /**
   * Completes the file: synced, then renamed, then the directory synced, so that after a power cut the name either
   * has all bytes or does not exist. Returns false when an equal file was there already.
   */
  finish(): boolean {
    this.#flush();
    if (this.#output === undefined) return false;
    fsyncSync(this.#output);
    closeSync(this.#output);
    this.#output = undefined;
    renameSync(this.#temporary, this.#path);
    this.#forget();
    syncDirectory(dirname(this.#path));
    return true;
  }

  /** Removes what was written; does nothing after {@link finish}. */
  abandon(): void {
    if (this.#existing !== undefined) closeSync(this.#existing);
    this.#existing = undefined;
    if (this.#output === undefined) return;
    closeSync(this.#output);
    this.#output = undefined;
    rmSync(this.#temporary, { force: true });
    this.#forget();
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
