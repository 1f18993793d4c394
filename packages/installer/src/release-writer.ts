// P4: entries -> files below one staging directory. Every file is created exclusively and never through a
// link: links are made last, so nothing the archive says can make a write land elsewhere. Modes are 0644 and
// 0755 (the caller sets umask 022); no owner and no time from the archive.
import { closeSync, fstatSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import type { Entry, EntrySink, TreeRules } from '@salver/core';
import { CREATE_FLAGS } from './file-thread.js';
import type { BatchFile, FileThread } from './file-thread.js';
import { placeFile } from './place-file.js';
import type { LinkMode } from './place-file.js';
import { formatRows } from './release-record.js';
import type { RecordRow, RecordedMember } from './release-record.js';
import { linkSharedPaths } from './shared-paths.js';
import type { SharedPaths } from './shared-paths.js';

const MODE_PLAIN = 0o644;
const MODE_EXECUTABLE = 0o755;

interface OpenLargeFile {
  readonly entry: Entry;
  /** Relative to the tree. */
  readonly place: string;
  /** Undefined when the thread writes it. */
  readonly fd: number | undefined;
  /** Index of its header's member in the record. */
  readonly memberIndex: number;
  offset: number;
}

/** Something the thread will write for the current member, and what is done with the stamps it reports. */
interface LeftToThread {
  readonly file: BatchFile;
  readonly onWritten: (mtimeMs: number, inode: number) => void;
}

const NOTHING_TO_DO = (): void => undefined;

export interface ReleaseWriterOptions {
  /** Absolute path of the staged release. */
  readonly tree: string;
  readonly rules: TreeRules;
  readonly shared: SharedPaths;
  readonly linkMode: LinkMode;
  /** Writes what is not empty, when there is one. */
  readonly thread?: FileThread | undefined;
}

/** Writes one release. All methods throw the system's error, E_ARTIFACT_HOSTILE or E_PATH_UNSAFE. */
export class ReleaseWriter implements EntrySink {
  readonly #tree: string;
  readonly #rules: TreeRules;
  readonly #shared: SharedPaths;
  readonly #linkMode: LinkMode;
  readonly #thread: FileThread | undefined;
  readonly #directories: Set<string>;
  readonly #links: Entry[] = [];
  readonly #members: RecordedMember[] = [];
  #rows: RecordRow[] = [];
  #batch: LeftToThread[] = [];
  /** True when a file of the current member was copied, so that its line is not the old one. */
  #copied = false;
  #large: OpenLargeFile | undefined;
  #lastDirectory = '';
  filesWritten = 0;
  filesLinked = 0;

  /** The tree exists and is empty but for `.salver`. */
  constructor(options: ReleaseWriterOptions) {
    this.#tree = options.tree;
    this.#rules = options.rules;
    this.#shared = options.shared;
    this.#linkMode = options.linkMode;
    this.#thread = options.thread;
    this.#directories = new Set(['', '.salver']);
  }

  /** What was written so far, for the record. */
  get members(): readonly RecordedMember[] {
    return this.#members;
  }

  directory(entry: Entry): void {
    this.#accept(entry);
    this.#ensureDirectory(this.#shared.place(entry.path));
    this.#rows.push(['d', entry.path]);
  }

  symlink(entry: Entry): void {
    this.#accept(entry);
    this.#links.push(entry);
    this.#rows.push(['l', entry.path, entry.linkTarget]);
  }

  file(entry: Entry, data: Buffer): void {
    this.#accept(entry);
    this.filesWritten += 1;
    if (this.#thread !== undefined && data.length > 0) {
      this.#leaveToThread(entry, data);
      return;
    }
    const fd = this.#create(entry);
    try {
      writeWhole(fd, data);
      this.#rows.push(fileRow(entry, fd));
    } finally {
      closeSync(fd);
    }
  }

  #leaveToThread(entry: Entry, data: Buffer): void {
    const rows = this.#rows;
    const rowIndex = rows.length;
    rows.push(stampedRow(entry, 0, 0));
    this.#batch.push({
      file: { path: this.#placeOf(entry), mode: modeOf(entry), data, position: 0 },
      onWritten: (mtimeMs, inode) => (rows[rowIndex] = stampedRow(entry, mtimeMs, inode)),
    });
  }

  beginLargeFile(entry: Entry): void {
    this.#accept(entry);
    const place = this.#placeOf(entry);
    const fd = this.#thread === undefined ? this.#create(entry) : undefined;
    this.#large = { entry, place, fd, memberIndex: this.#members.length, offset: 0 };
  }

  piece(data: Buffer): void {
    const large = this.#openLarge();
    if (large.fd !== undefined) writeWhole(large.fd, data);
    else {
      const { place: path, offset: position } = large;
      const file = { path, mode: modeOf(large.entry), data, position };
      this.#batch.push({ file, onWritten: NOTHING_TO_DO });
    }
    this.#rows.push(['p', large.entry.path, large.offset, data.length]);
    large.offset += data.length;
  }

  endLargeFile(): void {
    const { entry, fd, memberIndex } = this.#openLarge();
    const header = this.#members[memberIndex];
    if (header === undefined) throw new Error('the header of a large file is no member');
    const record = (row: RecordRow): void => {
      this.#members[memberIndex] = { digest: header.digest, line: formatRows([row]) };
    };
    if (fd !== undefined) record(fileRow(entry, fd));
    else {
      const last = this.#batch.pop();
      if (last === undefined) throw new Error('a large file ended without a piece');
      this.#batch.push({
        file: last.file,
        onWritten: (mtimeMs, inode) => record(stampedRow(entry, mtimeMs, inode)),
      });
    }
    this.#closeLarge();
    this.filesWritten += 1;
  }

  #openLarge(): OpenLargeFile {
    if (this.#large === undefined) throw new Error('no large file has begun');
    return this.#large;
  }

  /**
   * Ends a member: what came since the last one belongs to `digest`. `raw` are the bytes it was parsed from; they
   * must not be used afterwards.
   */
  endMember(digest: string, raw?: Buffer): void {
    const rows = this.#rows;
    const batch = this.#batch;
    const index = this.#members.length;
    this.#rows = [];
    this.#batch = [];
    this.#members.push({ digest, line: batch.length === 0 ? formatRows(rows) : '' });
    if (batch.length === 0 || raw === undefined) return;
    const files = batch.map(({ file }) => file);
    this.#thread?.post(raw, files, (stamps) => {
      batch.forEach(({ onWritten }, item) => onWritten(stamps[item * 2] ?? 0, stamps[item * 2 + 1] ?? 0));
      this.#members[index] = { digest, line: formatRows(rows) };
    });
  }

  /** As endMember, for a member that was taken whole and has this line in its release's record. */
  endReusedMember(digest: string, line: string): void {
    if (this.#copied) this.endMember(digest);
    else this.#members.push({ digest, line });
    this.#rows = [];
    this.#copied = false;
  }

  /** Takes a file that lies, checked, at `from` in an installed release, where `row` describes it. */
  reuseFile(entry: Entry, from: string, row: RecordRow): void {
    this.#accept(entry);
    const copy = placeFile(from, this.#pathOf(entry), this.#linkMode);
    if (copy === undefined) {
      this.#rows.push(row);
      this.filesLinked += 1;
    } else {
      this.#copied = true;
      this.#rows.push([entry.executable ? 'x' : 'f', entry.path, entry.sizeBytes, copy.mtimeMs, copy.inode]);
      this.filesWritten += 1;
    }
  }

  /** Makes the links, the generated ones first: should both want one name, the archive is refused. */
  finish(): void {
    linkSharedPaths(this.#tree, this.#shared);
    for (const link of this.#links) symlinkSync(link.linkTarget, this.#pathOf(link));
  }

  /** Gives up an unfinished file. Safe to call at any time. */
  close(): void {
    if (this.#large !== undefined) this.#closeLarge();
  }

  #accept(entry: Entry): void {
    this.#rules.accept(entry);
    this.#shared.checkEntry(entry);
  }

  #closeLarge(): void {
    const large = this.#large;
    this.#large = undefined;
    if (large?.fd !== undefined) closeSync(large.fd);
  }

  #create(entry: Entry): number {
    return openSync(this.#pathOf(entry), CREATE_FLAGS, modeOf(entry));
  }

  /** Path on disk; its directory is made when missing. */
  #pathOf(entry: Entry): string {
    return `${this.#tree}/${this.#placeOf(entry)}`;
  }

  /** Path relative to the tree; its directory is made when missing. */
  #placeOf(entry: Entry): string {
    const place = this.#shared.place(entry.path);
    this.#ensureDirectory(place.slice(0, Math.max(0, place.lastIndexOf('/'))));
    return place;
  }

  #ensureDirectory(place: string): void {
    if (place === this.#lastDirectory || this.#directories.has(place)) return;
    this.#ensureDirectory(place.slice(0, Math.max(0, place.lastIndexOf('/'))));
    mkdirSync(`${this.#tree}/${place}`, MODE_EXECUTABLE);
    this.#directories.add(place);
    this.#lastDirectory = place;
  }
}

function modeOf(entry: Entry): number {
  return entry.executable ? MODE_EXECUTABLE : MODE_PLAIN;
}

/** writeSync may write less than asked for, e.g. just before the disk is full. */
function writeWhole(fd: number, data: Buffer): void {
  let written = 0;
  while (written < data.length) written += writeSync(fd, data, written, data.length - written);
}

function fileRow(entry: Entry, fd: number): RecordRow {
  if (entry.sizeBytes === 0) return stampedRow(entry, 0, 0);
  const { mtimeMs, ino } = fstatSync(fd);
  return stampedRow(entry, mtimeMs, ino);
}

function stampedRow({ path, executable, sizeBytes }: Entry, mtimeMs: number, inode: number): RecordRow {
  return [executable ? 'x' : 'f', path, sizeBytes, mtimeMs, inode];
}
