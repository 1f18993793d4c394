// The form of the history, and its last lines for `status`, which must not pay for the modules that hash.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '@salver/core';
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

/** How much of the end is read at first. */
export const TAIL_BYTES = 64 * 1024;

/** The last lines, as many as the end of the file holds. Throws the system's error. */
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

/** Bytes at a place; fewer where the file ends. */
export function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}
