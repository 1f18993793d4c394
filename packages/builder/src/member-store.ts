// Compressed members of app units, one file each, named by their raw digest. An app changes with every build,
// most of its members do not: those are found here instead of being compressed again.
// A file is the stored bytes followed by their CRC-32 and the raw length (two u32 LE).
import { closeSync, fstatSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errnoOf, fileSystemError, limits } from '@salver/core';
import type { FinishedMember, PackedMember, Progress } from '@salver/core';
import { discardDamaged, publishFile, touch } from './cache-files.js';
import { spread } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { codedFileError } from './coded-file-error.js';
import { readFully } from './file-io.js';
import { temporaryPath } from './temp-space.js';
import { damaged } from './unit-file.js';

const TRAILER_BYTES = 8;
const FILE_BYTES_MAX = limits.MEMBER_RAW_BYTES_MAX * 2;

export class MemberStore {
  readonly #paths: CachePaths;
  readonly #progress: Progress;

  constructor(options: { readonly paths: CachePaths; readonly progress: Progress }) {
    this.#paths = options.paths;
    this.#progress = options.progress;
  }

  /** Stored bytes of the member with these raw bytes, checked, or undefined. A damaged file is removed. */
  find(rawDigest: string, rawBytes: number): Buffer | undefined {
    const path = this.#pathOf(rawDigest);
    const file = readMemberFile(path);
    if (file === undefined) return undefined;
    const stored = checkMemberFile(file.bytes, rawBytes);
    if (stored === undefined) discardDamaged(path, `member ${rawDigest}`, this.#progress);
    else touch(path, file.mtimeMs);
    return stored;
  }

  /** Throws E_DISK_FULL, E_FILE_SYSTEM. */
  store(member: PackedMember): void {
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(member.storedCrc32, 0);
    trailer.writeUInt32LE(member.rawBytes, 4);
    const temporary = temporaryPath(this.#paths.tmp);
    try {
      writeFileSync(temporary, Buffer.concat([member.stored, trailer]), { flag: 'wx', mode: 0o644 });
      publishFile(temporary, this.#pathOf(member.rawDigest));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw codedFileError(error, `cannot write to the cache at ${this.#paths.root}`);
    }
  }

  /** Hands over these members one by one. Throws E_CACHE_DAMAGED when one is no longer what was stored. */
  copySync(members: readonly FinishedMember[], write: (piece: Uint8Array) => void): void {
    for (const member of members) {
      const stored = this.find(member.rawDigest, member.rawBytes);
      if (stored === undefined || crc32(stored) !== member.storedCrc32)
        throw damaged(`member ${member.rawDigest}`);
      write(stored);
    }
  }

  #pathOf(rawDigest: string): string {
    return join(this.#paths.members, spread(rawDigest));
  }
}

function readMemberFile(path: string): { readonly bytes: Buffer; readonly mtimeMs: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read the cache at ${path}`);
  }
  try {
    const { size, mtimeMs } = fstatSync(fd);
    const bytes = Buffer.allocUnsafe(Math.min(size, FILE_BYTES_MAX));
    return { bytes: bytes.subarray(0, readFully(fd, bytes, 0)), mtimeMs };
  } finally {
    closeSync(fd);
  }
}

/** The stored bytes of a member file, or undefined when it is damaged. */
export function checkMemberFile(file: Buffer, rawBytes?: number): Buffer | undefined {
  if (file.length <= TRAILER_BYTES) return undefined;
  const stored = file.subarray(0, file.length - TRAILER_BYTES);
  if (file.readUInt32LE(stored.length) !== crc32(stored)) return undefined;
  if (rawBytes !== undefined && file.readUInt32LE(stored.length + 4) !== rawBytes) return undefined;
  return stored;
}
