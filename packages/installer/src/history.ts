// What was done here: one JSON line per act, each carrying the sha256 of the line before it, so that nobody can
// change or drop a line in the middle unnoticed. Appended in one write and synced. A power cut may leave a torn
// last line: the next append cuts it off and says so in its own line.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { errnoOf, sha256Hex } from '@salver/core';
import type { HostPaths } from './host-paths.js';

/** What is written about one act, beside number and chain. */
export interface HistoryEntry {
  readonly at: string;
  readonly by: string;
  readonly act: string;
  readonly result: string;
  readonly release?: string;
  /** The release that was current before; null when there was none. */
  readonly from?: string | null;
  readonly txid?: string;
  readonly reason?: string;
  readonly forced?: true;
  readonly durationsMs?: Readonly<Record<string, number>>;
  /** Names of releases, e.g. those that were removed. */
  readonly releases?: readonly string[];
}

/** One line of the history. */
export interface HistoryLine extends HistoryEntry {
  readonly number: number;
  /** sha256 of the line before, without its line end; zeros in the first. */
  readonly prev: string;
  /** Bytes of a torn line that were cut off before this one. */
  readonly repairedBytes?: number;
}

export const HISTORY_START = '0'.repeat(64);
const TAIL_BYTES = 64 * 1024;

/** Adds a line. Throws the system's error; the file is then as it was, a torn line aside. */
export function appendHistory(paths: HostPaths, entry: HistoryEntry): void {
  const fd = openSync(paths.history, 'a+', 0o644);
  try {
    const { lastLine, endOfLines, sizeBytes } = readEnd(fd);
    const last = lastLine === undefined ? undefined : parseLine(lastLine);
    const line: HistoryLine = {
      number: (last?.number ?? 0) + 1,
      ...entry,
      ...(endOfLines === sizeBytes ? {} : { repairedBytes: sizeBytes - endOfLines }),
      prev: lastLine === undefined ? HISTORY_START : sha256Hex(lastLine),
    };
    // A crash right here leaves a shorter file of whole lines.
    if (endOfLines !== sizeBytes) ftruncateSync(fd, endOfLines);
    writeLine(fd, `${JSON.stringify(line)}\n`, endOfLines);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The last line; undefined when there is none. For `status`: reads no more than the end of the file. */
export function lastHistoryLines(paths: HostPaths): readonly HistoryLine[] {
  let fd: number;
  try {
    fd = openSync(paths.history, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const size = fstatSync(fd).size;
    const text = readAt(fd, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES)).toString('utf8');
    const lines = text.split('\n').slice(size > TAIL_BYTES ? 1 : 0, -1);
    return lines.flatMap((line) => parseLine(line) ?? []);
  } finally {
    closeSync(fd);
  }
}

/** Undefined when it is no line of a history. */
export function parseLine(text: string): HistoryLine | undefined {
  try {
    const line = JSON.parse(text) as HistoryLine;
    return Number.isSafeInteger(line.number) && typeof line.prev === 'string' ? line : undefined;
  } catch {
    return undefined;
  }
}

interface HistoryEnd {
  readonly lastLine: string | undefined;
  /** Offset behind the last whole line. */
  readonly endOfLines: number;
  readonly sizeBytes: number;
}

function readEnd(fd: number): HistoryEnd {
  const sizeBytes = fstatSync(fd).size;
  for (let length = Math.min(sizeBytes, TAIL_BYTES); ; length = Math.min(sizeBytes, length * 2)) {
    const bytes = readAt(fd, sizeBytes - length, length);
    const end = bytes.lastIndexOf(0x0a);
    const start = end <= 0 ? -1 : bytes.lastIndexOf(0x0a, end - 1);
    if (start === -1 && length < sizeBytes) continue;
    const lastLine = end === -1 ? undefined : bytes.toString('utf8', start + 1, end);
    return { lastLine, endOfLines: sizeBytes - length + end + 1, sizeBytes };
  }
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** A line that does not fit is taken back: half of it would make the next one look torn. */
function writeLine(fd: number, line: string, sizeBefore: number): void {
  const bytes = Buffer.from(line);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  } catch (error) {
    ftruncateSync(fd, sizeBefore);
    throw error;
  }
}
