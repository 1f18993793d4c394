// What was done here: one JSON line per act, each carrying the sha256 of the line before it, so that nobody can
// change or drop a line in the middle unnoticed. Appended in one write and synced. A power cut may leave a torn
// last line: the next append cuts it off and says so in its own line.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { sha256Hex } from '@salver/core';
import { TAIL_BYTES, parseLine, readAt } from './history-lines.js';
import type { HistoryEntry, HistoryLine } from './history-lines.js';
import type { HostPaths } from './host-paths.js';

export const HISTORY_START = '0'.repeat(64);

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
