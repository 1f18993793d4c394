// Raw members -> entries with their data, strictly (docs/format.md sections 3 and 7). Synchronous: unpacking
// with synchronous calls is measurably faster than with promises.
import type { Entry } from './entry.js';
import { SalverError, printable } from './errors.js';
import { WHOLE_FILE_BYTES_MAX } from './limits.js';
import { paddingBytes, parseEntryHeader } from './tar-header.js';

/** Receives what members hold, in order. Buffers are views: copy what is kept. */
export interface EntrySink {
  directory(entry: Entry): void;
  symlink(entry: Entry): void;
  /** A whole file of at most 256 KiB. */
  file(entry: Entry, data: Buffer): void;
  /** A larger file begins; its data follows in pieces. */
  beginLargeFile(entry: Entry): void;
  piece(data: Buffer): void;
  endLargeFile(): void;
}

/** Parses the members of one artifact in order. Keeps the state of a large file between members. */
export class MemberParser {
  readonly #sink: EntrySink;
  #large: Entry | undefined;
  #remaining = 0;

  constructor(sink: EntrySink) {
    this.#sink = sink;
  }

  /** The large file whose data the next members hold, or undefined between entries. */
  get openFile(): Entry | undefined {
    return this.#large;
  }

  /** Takes the next member's raw bytes, already compared with the manifest. Throws E_ARTIFACT_HOSTILE. */
  parse(raw: Buffer): void {
    if (this.#large === undefined) this.#parseEntries(raw);
    else this.#parsePiece(raw, this.#large);
  }

  /** At the end of a unit and of the artifact: no file may be unfinished. */
  finish(): void {
    if (this.#large !== undefined)
      throw hostile(`the data of "${printable(this.#large.path)}" is incomplete`);
  }

  #parseEntries(raw: Buffer): void {
    let offset = 0;
    while (offset < raw.length) {
      const { entry, headerBytes } = parseEntryHeader(raw, offset);
      const dataStart = offset + headerBytes;
      if (entry.sizeBytes > WHOLE_FILE_BYTES_MAX) {
        if (offset !== 0 || dataStart !== raw.length)
          throw hostile(`the header of "${printable(entry.path)}" is not a member of its own`);
        this.#large = entry;
        this.#remaining = entry.sizeBytes;
        this.#sink.beginLargeFile(entry);
        return;
      }
      offset = this.#deliver(raw, entry, dataStart);
    }
  }

  #deliver(raw: Buffer, entry: Entry, dataStart: number): number {
    if (entry.kind === 'directory') this.#sink.directory(entry);
    else if (entry.kind === 'symlink') this.#sink.symlink(entry);
    else {
      const dataEnd = dataStart + entry.sizeBytes;
      const end = dataEnd + paddingBytes(entry.sizeBytes);
      if (end > raw.length) throw hostile(`the data of "${printable(entry.path)}" is cut off`);
      checkPadding(raw, dataEnd, end);
      this.#sink.file(entry, raw.subarray(dataStart, dataEnd));
      return end;
    }
    return dataStart;
  }

  #parsePiece(raw: Buffer, file: Entry): void {
    const padding = paddingBytes(file.sizeBytes);
    const isLast = raw.length === this.#remaining + padding;
    if (!isLast && raw.length >= this.#remaining)
      throw hostile(`a data member of "${printable(file.path)}" has a wrong size`);
    const dataBytes = isLast ? this.#remaining : raw.length;
    checkPadding(raw, dataBytes, raw.length);
    this.#remaining -= dataBytes;
    this.#sink.piece(raw.subarray(0, dataBytes));
    if (!isLast) return;
    this.#large = undefined;
    this.#sink.endLargeFile();
  }
}

function checkPadding(raw: Buffer, start: number, end: number): void {
  for (let position = start; position < end; position += 1) {
    if (raw[position] !== 0) throw hostile('bytes hide in the padding after a file');
  }
}

function hostile(message: string): SalverError {
  return new SalverError('E_ARTIFACT_HOSTILE', message, {
    hint: 'do not use this file: build the release again and compare who wrote it',
  });
}
