// What has been downloaded of an artifact: a sparse file in which every byte lies where it lies in the artifact, and a
// list beside it of the members that are there. Whatever the list says is compared with the layout's CRCs before it is
// used: after a power cut it may claim too much. Nothing of it is ever more than a download.
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { fileSystemError, sha256Hex } from '@salver/core';
import type { StoredMember } from '@salver/core';

interface PartList {
  readonly format: 1;
  /** sha256 of the head member: parts of another file are useless. */
  readonly head: string;
  /** Offsets of the members that are there. */
  readonly members: readonly number[];
}

/** The list is written again after this much, and at the end. */
const SAVE_EVERY_BYTES = 16 * 1024 * 1024;

export class PartFile {
  readonly #path: string;
  readonly #headDigest: string;
  readonly #there = new Map<number, number>();
  #fd: number | undefined;
  #unsavedBytes = 0;

  constructor(path: string, head: Buffer) {
    this.#path = path;
    this.#headDigest = sha256Hex(head);
  }

  /** Opens the file and keeps what an earlier download has left of these members. Throws E_FILE_SYSTEM, E_DISK_FULL. */
  open(members: readonly StoredMember[]): void {
    if (this.#fd !== undefined) return;
    const known = new Set(this.#readList());
    this.#guard(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      if (known.size === 0) rmSync(this.#path, { force: true });
      this.#fd = openSync(this.#path, known.size === 0 ? 'wx+' : 'r+', 0o600);
      for (const member of members) {
        if (!known.has(member.offset)) continue;
        const stored = this.#readSome(member.offset, member.storedBytes);
        if (stored !== undefined && crc32(stored) === member.crc32)
          this.#there.set(member.offset, member.storedBytes);
      }
    });
  }

  has(member: StoredMember): boolean {
    return this.#there.get(member.offset) === member.storedBytes;
  }

  write(member: StoredMember, stored: Buffer): void {
    this.#guard(() => {
      for (let done = 0; done < stored.length;) {
        done += writeSync(this.#open, stored, done, stored.length - done, member.offset + done);
      }
    });
    this.#there.set(member.offset, member.storedBytes);
    this.#unsavedBytes += stored.length;
    if (this.#unsavedBytes >= SAVE_EVERY_BYTES) this.save();
  }

  /** The bytes of a member that is there, or undefined. */
  read(offset: number, length: number): Buffer | undefined {
    if (this.#there.get(offset) !== length) return undefined;
    return this.#guard(() => this.#readSome(offset, length));
  }

  save(): void {
    if (this.#fd === undefined || this.#unsavedBytes === 0) return;
    const list: PartList = { format: 1, head: this.#headDigest, members: [...this.#there.keys()] };
    this.#guard(() => writeFileSync(this.#listPath, JSON.stringify(list), { mode: 0o600 }));
    this.#unsavedBytes = 0;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  get #listPath(): string {
    return `${this.#path}.json`;
  }

  get #open(): number {
    if (this.#fd === undefined) throw new TypeError('the file is not open');
    return this.#fd;
  }

  #readList(): readonly number[] {
    try {
      const list = JSON.parse(readFileSync(this.#listPath, 'utf8')) as PartList;
      return list.format === 1 && list.head === this.#headDigest ? list.members : [];
    } catch {
      return [];
    }
  }

  #readSome(offset: number, length: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const got = readSync(this.#open, bytes, done, length - done, offset + done);
      if (got === 0) return undefined;
      done += got;
    }
    return bytes;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileSystemError(error, `cannot keep the download ${this.#path}`);
    }
  }
}
