// P4: entries -> files below one staging directory. Every file is created exclusively and never through a
// link: links are made last, so nothing the archive says can make a write land elsewhere. Modes are 0644 and
// 0755 (the caller sets umask 022); no owner and no time from the archive.
import { closeSync, fstatSync, mkdirSync, openSync, symlinkSync, writeSync } from 'node:fs';
import type { Entry, EntrySink, TreeRules } from '@salver/core';
import { CREATE_FLAGS } from './file-thread.js';
import type { BatchFile, FileStamps, FileThread } from './file-thread.js';
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
  readonly fd: number;
  /** Index of its header's member in the record. */
  readonly memberIndex: number;
  offset: number;
}

export interface ReleaseWriterOptions {
  /** Absolute path of the staged release. */
  readonly tree: string;
  readonly rules: TreeRules;
  readonly shared: SharedPaths;
  readonly linkMode: LinkMode;
  /** Creates the small files of members, when there is one. */
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
  /** Files of the current member that the thread will create, and where their rows are. */
  #batch: { readonly file: BatchFile; readonly rowIndex: number }[] = [];
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
    const file: BatchFile = [this.#pathOf(entry), modeOf(entry), data.byteOffset, data.length];
    this.#batch.push({ file, rowIndex: this.#rows.length });
    this.#rows.push([entry.executable ? 'x' : 'f', entry.path, entry.sizeBytes, 0, 0]);
  }

  beginLargeFile(entry: Entry): void {
    this.#accept(entry);
    this.#large = { entry, fd: this.#create(entry), memberIndex: this.#members.length, offset: 0 };
  }

  piece(data: Buffer): void {
    if (this.#large === undefined) throw new Error('a piece came without a file');
    writeWhole(this.#large.fd, data);
    this.#rows.push(['p', this.#large.entry.path, this.#large.offset, data.length]);
    this.#large.offset += data.length;
  }

  endLargeFile(): void {
    const large = this.#large;
    if (large === undefined) throw new Error('a file ended that was never begun');
    const header = this.#members[large.memberIndex];
    if (header === undefined) throw new Error('the header of a large file is no member');
    const line = formatRows([fileRow(large.entry, large.fd)]);
    this.#members[large.memberIndex] = { digest: header.digest, line };
    this.#closeLarge();
    this.filesWritten += 1;
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
    // Parsed data are views of `raw`.
    const files = batch.map(({ file: [path, mode, start, length] }): BatchFile => [
      path,
      mode,
      start - raw.byteOffset,
      length,
    ]);
    this.#thread?.post(raw, files, (stamps) => {
      batch.forEach(({ rowIndex }, position) => stampRow(rows, rowIndex, stamps, position));
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
    if (large !== undefined) closeSync(large.fd);
  }

  #create(entry: Entry): number {
    return openSync(this.#pathOf(entry), CREATE_FLAGS, modeOf(entry));
  }

  /** Path on disk; its directory is made when missing. */
  #pathOf(entry: Entry): string {
    const place = this.#shared.place(entry.path);
    this.#ensureDirectory(place.slice(0, Math.max(0, place.lastIndexOf('/'))));
    return `${this.#tree}/${place}`;
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

/** Fills in what the thread found out about a file. */
function stampRow(rows: RecordRow[], rowIndex: number, stamps: FileStamps, position: number): void {
  const row = rows[rowIndex];
  if (row?.[0] !== 'f' && row?.[0] !== 'x') throw new Error('the row is not that of a file');
  rows[rowIndex] = [row[0], row[1], row[2], stamps[position * 2] ?? 0, stamps[position * 2 + 1] ?? 0];
}

/** writeSync may write less than asked for, e.g. just before the disk is full. */
function writeWhole(fd: number, data: Buffer): void {
  let written = 0;
  while (written < data.length) written += writeSync(fd, data, written, data.length - written);
}

function fileRow(entry: Entry, fd: number): RecordRow {
  if (entry.sizeBytes === 0) return [entry.executable ? 'x' : 'f', entry.path, 0, 0, 0];
  const { mtimeMs, ino } = fstatSync(fd);
  return [entry.executable ? 'x' : 'f', entry.path, entry.sizeBytes, mtimeMs, ino];
}
