// P9 and P12: what is being done to `current`, written down before it is done, so that the next run knows what
// a crash has cut off. One JSON object in a file of fixed size. It is written into a spare file, synced, and
// renamed over the journal; a crash on the way leaves the journal as it was.
//
// On a full disk: the spare was allocated beforehand, so writing into it needs no room. Should it be missing,
// too, the journal's own first sector is overwritten in place: a disk writes a sector whole or not at all, so a
// power cut leaves the old text or the new one.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { errnoOf } from '@salver/core';
import { syncDirectory } from './sync-directory.js';
import type { HostPaths } from './host-paths.js';

/** What is under way. */
export type ActKind = 'install' | 'activate' | 'rollback';

/** `activating`: `current` is, or is about to be, `to`. `rolling-back`: `from` is to become current again. */
export type JournalPhase = 'activating' | 'rolling-back' | 'done';

export interface Journal {
  readonly format: 1;
  readonly txid: string;
  /** Number of the act: grows by one with each, whatever the clock says. */
  readonly seq: number;
  readonly act: ActKind;
  readonly phase: JournalPhase;
  /** The release that was current before; null when there was none. */
  readonly from: string | null;
  readonly to: string;
  /** What `previous` named before, to be put back by a revert. */
  readonly previous: string | null;
  readonly bootId: string;
  readonly at: string;
}

const JOURNAL_BYTES = 4_096;
const SECTOR_BYTES = 512;

/** The journal, or undefined when there is none that can be read. */
export function readJournal(paths: HostPaths): Journal | undefined {
  try {
    const journal = JSON.parse(readFileSync(paths.journal, 'utf8')) as Journal;
    return journal.format === 1 && typeof journal.to === 'string' ? journal : undefined;
  } catch {
    return undefined;
  }
}

/** True when no act waits to be finished. */
export function isSettled(journal: Journal | undefined): boolean {
  return journal === undefined || journal.phase === 'done';
}

/** Makes the journal say this, durably. Throws the system's error; the journal is then as it was. */
export function writeJournal(paths: HostPaths, journal: Journal): void {
  const text = `${JSON.stringify(journal).padEnd(SECTOR_BYTES - 1)}\n`;
  if (Buffer.byteLength(text) > SECTOR_BYTES) throw new RangeError('the journal does not fit into a sector');
  try {
    writeBySpare(paths, text);
  } catch (error) {
    // Without a journal there is nothing to overwrite: the full disk is what is wrong.
    if (!isFull(error) || !existsSync(paths.journal)) throw error;
    overwrite(paths.journal, text);
  }
  laySpare(paths);
}

/** A crash before the rename leaves a spare with other text, which nobody reads; after it, the new journal. */
function writeBySpare(paths: HostPaths, text: string): void {
  const whole = text.padEnd(JOURNAL_BYTES);
  const fd = openExistingOrNew(paths.journalSpare);
  try {
    writeAll(fd, whole);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(paths.journalSpare, paths.journal);
  syncDirectory(paths.state);
}

function overwrite(path: string, text: string): void {
  const fd = openSync(path, 'r+');
  try {
    writeAll(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Room for the next write. Not synced, and without it the next write goes in place: it may fail. */
function laySpare(paths: HostPaths): void {
  try {
    const fd = openSync(paths.journalSpare, 'wx', 0o644);
    try {
      writeAll(fd, ' '.repeat(JOURNAL_BYTES));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // An empty file would only look like room.
    if (errnoOf(error) !== 'EEXIST') rmSync(paths.journalSpare, { force: true });
  }
}

function openExistingOrNew(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return openSync(path, 'w', 0o644);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length;) {
    offset += writeSync(fd, bytes, offset, bytes.length - offset, offset);
  }
}

/** True when the system says that there is no room left. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');
}
