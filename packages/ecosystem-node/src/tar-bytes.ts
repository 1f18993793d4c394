// Decompressed tar bytes with random access: in memory while small, in a temporary file when large, so
// that memory stays bounded whatever a package holds.
import { closeSync, createReadStream, openSync, readSync, writeSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';

const MIB = 1024 * 1024;
/** Tarballs whose raw size is above this are spilled to a temporary file. */
export const MEMORY_TAR_BYTES_MAX = 32 * MIB;
/** The largest raw tarball accepted; the largest packages in the registry hold about 1 GiB. */
export const TAR_BYTES_MAX = 4096 * MIB;
/** Reads of headers from a spilled tarball fetch this much at once. */
const WINDOW_BYTES = 1 * MIB;
const ZLIB_CHUNK_BYTES_MIN = 64 * 1024;

/** Raw tar bytes. The returned views must not be changed. */
export interface TarBytes {
  readonly sizeBytes: number;
  /** The bytes of a range; fewer when the archive ends before. */
  readSync(offset: number, length: number): Uint8Array;
}

export interface OpenTarOptions {
  /** What it is, for messages: `a@1.0.0`. */
  readonly description: string;
  /** Gives a private directory for a spilled tarball; removed after `work`. */
  readonly withTempDir: <T>(work: (directory: string) => Promise<T>) => Promise<T>;
  /** Overrides {@link MEMORY_TAR_BYTES_MAX}. */
  readonly memoryBytesMax?: number;
  /** Overrides {@link TAR_BYTES_MAX}. */
  readonly tarBytesMax?: number;
}

/**
 * Opens a tarball file, gzipped or plain, for the time of `work`.
 * Throws E_TARBALL_DAMAGED when it cannot be decompressed, E_LIMIT_EXCEEDED when it is too large.
 */
export async function withTarBytes<T>(
  path: string,
  options: OpenTarOptions,
  work: (tar: TarBytes) => Promise<T>,
): Promise<T> {
  const memoryBytesMax = options.memoryBytesMax ?? MEMORY_TAR_BYTES_MAX;
  const estimate = await estimateRawBytes(path);
  if (estimate <= memoryBytesMax) {
    const raw = await readIntoMemory(path, estimate, memoryBytesMax, options);
    if (raw !== undefined) return work(memoryTar(raw));
  }
  return options.withTempDir(async (directory) => {
    const spilled = join(directory, 'raw.tar');
    await spill(path, spilled, options);
    const fd = openSync(spilled, 'r');
    try {
      return await work(await fileTar(spilled, fd));
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * What the raw size will be: gzip states it in its last four bytes. Only a hint, since a file of
 * several gzip members or a hostile one states something else.
 */
export async function estimateRawBytes(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const ends = Buffer.alloc(6);
    await file.read(ends, 0, 2, 0);
    if (!isGzip(ends)) return size;
    await file.read(ends, 2, 4, Math.max(0, size - 4));
    return Math.max(ends.readUInt32LE(2), size);
  } finally {
    await file.close();
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

const gunzipAsync = promisify(gunzip);

/** The raw bytes, or undefined when they turn out to be more than stated: then it is spilled. */
async function readIntoMemory(
  path: string,
  estimate: number,
  memoryBytesMax: number,
  options: OpenTarOptions,
): Promise<Buffer | undefined> {
  const stored = await readFile(path);
  if (!isGzip(stored)) return stored;
  // One chunk of the stated size: one task on libuv's pool and no copying together afterwards.
  const chunkSize = Math.max(ZLIB_CHUNK_BYTES_MIN, Math.min(estimate + 1, memoryBytesMax));
  try {
    return await gunzipAsync(stored, { chunkSize, maxOutputLength: memoryBytesMax });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw damaged(options.description, error);
  }
}

async function spill(path: string, target: string, options: OpenTarOptions): Promise<void> {
  const bytesMax = options.tarBytesMax ?? TAR_BYTES_MAX;
  const source = createReadStream(path);
  const out = openSync(target, 'wx', 0o600);
  try {
    const head = Buffer.alloc(2);
    const file = await open(path, 'r');
    await file.read(head, 0, 2, 0).finally(() => file.close());
    const raw = isGzip(head) ? source.pipe(createGunzip({ chunkSize: WINDOW_BYTES })) : source;
    source.on('error', (error) => raw.destroy(error));
    let sizeBytes = 0;
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) throw tooLarge(options.description, bytesMax);
      writeAllSync(out, chunk);
    }
  } catch (error) {
    if (error instanceof SalverError) throw error;
    if (errnoOf(error)?.startsWith('Z_')) throw damaged(options.description, error);
    throw fileSystemError(error, `cannot unpack ${options.description}`);
  } finally {
    source.destroy();
    closeSync(out);
  }
}

function writeAllSync(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

function memoryTar(raw: Buffer): TarBytes {
  return { sizeBytes: raw.length, readSync: (offset, length) => raw.subarray(offset, offset + length) };
}

async function fileTar(path: string, fd: number): Promise<TarBytes> {
  const sizeBytes = (await stat(path)).size;
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  const readSyncAt = (offset: number, length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, sizeBytes - offset)));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(fd, bytes, filled, bytes.length - filled, offset + filled);
      if (count === 0) return bytes.subarray(0, filled);
      filled += count;
    }
    return bytes;
  };
  return {
    sizeBytes,
    readSync(offset, length) {
      if (length > WINDOW_BYTES) return readSyncAt(offset, length);
      if (offset < windowStart || offset + length > windowStart + window.length) {
        window = readSyncAt(offset, WINDOW_BYTES);
        windowStart = offset;
      }
      return window.subarray(offset - windowStart, offset - windowStart + length);
    },
  };
}

function damaged(description: string, cause: unknown): SalverError {
  return new SalverError('E_TARBALL_DAMAGED', `the tarball of ${description} cannot be decompressed`, {
    hint: 'the published file itself is broken: use another version of the package',
    cause,
  });
}

function tooLarge(description: string, bytesMax: number): SalverError {
  return new SalverError(
    'E_LIMIT_EXCEEDED',
    `the tarball of ${description} unpacks to more than ${bytesMax} bytes`,
    { hint: 'look at the package: nothing that large is meant to be installed' },
  );
}
