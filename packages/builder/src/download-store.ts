// Verified downloads, named by the sha512 of their bytes, with aliases for weaker algorithms. A download is hashed
// when stored and again whenever it is handed out: it is only read when a unit must be made, and a file that
// rotted must not become part of a release.
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';
import type { Progress, StoredDownload } from '@salver/core';
import { discardDamaged, publishFile, statFile, touch } from './cache-files.js';
import { spread } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { readFully, writeFully } from './file-io.js';
import { DigestSet, formatIntegrity, parseIntegrity, strongestDigests } from './integrity.js';
import type { Algorithm, Digest } from './integrity.js';
import { openSealedText, sealText } from './sealed-text.js';
import { temporaryPath } from './temp-space.js';

/** Larger packages do not exist on registries; a server that never stops sending must not fill the disk. */
const DOWNLOAD_BYTES_MAX = 4 * 1024 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

export class DownloadStore {
  readonly #paths: CachePaths;
  readonly #progress: Progress;

  constructor(options: { readonly paths: CachePaths; readonly progress: Progress }) {
    this.#paths = options.paths;
    this.#progress = options.progress;
  }

  /** A download by integrity string, hashed again, or undefined. A damaged file is removed and reported. */
  find(integrity: string): StoredDownload | undefined {
    for (const wanted of strongestDigests(integrity)) {
      const sha512 = wanted.algorithm === 'sha512' ? wanted.hex : this.#readAlias(wanted);
      const found = sha512 === undefined ? undefined : this.#findFile(sha512, wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findFile(sha512: string, wanted: Digest): StoredDownload | undefined {
    const path = join(this.#paths.downloads, spread(sha512));
    const stat = statFile(path);
    if (stat === undefined) return undefined;
    const digests = hashFile(path, ['sha512', wanted.algorithm]);
    if (digests.get('sha512') !== sha512) {
      discardDamaged(
        path,
        `download ${formatIntegrity({ algorithm: 'sha512', hex: sha512 })}`,
        this.#progress,
      );
      return undefined;
    }
    // The alias led to another file: as good as no alias.
    if (digests.get(wanted.algorithm) !== wanted.hex) return undefined;
    touch(path, stat.mtimeMs);
    return storedDownload(path, stat.sizeBytes, sha512);
  }

  /** See `BuildCache.storeDownload`. Throws E_INTEGRITY_MISMATCH, E_LIMIT_EXCEEDED, E_DISK_FULL, E_FILE_SYSTEM. */
  async store(
    stream: AsyncIterable<Uint8Array>,
    options: { readonly expected?: string; readonly description: string },
  ): Promise<StoredDownload> {
    const expected = options.expected === undefined ? [] : parseIntegrity(options.expected);
    const digests = new DigestSet(['sha512', ...expected.map((digest) => digest.algorithm)]);
    const temporary = temporaryPath(this.#paths.tmp);
    try {
      const sizeBytes = await this.#write(stream, temporary, digests, options.description);
      const found = digests.finish();
      if (options.expected !== undefined) checkExpected(found, options.expected, options.description);
      const sha512 = found.get('sha512') ?? '';
      const path = join(this.#paths.downloads, spread(sha512));
      publishFile(temporary, path);
      for (const { algorithm, hex } of expected) {
        if (algorithm !== 'sha512' && found.get(algorithm) === hex)
          this.#writeAlias({ algorithm, hex }, sha512);
      }
      return storedDownload(path, sizeBytes, sha512);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  async #write(
    stream: AsyncIterable<Uint8Array>,
    temporary: string,
    digests: DigestSet,
    description: string,
  ): Promise<number> {
    const fd = this.#onDisk(() => openSync(temporary, 'wx', 0o644));
    let sizeBytes = 0;
    try {
      for await (const chunk of stream) {
        sizeBytes += chunk.length;
        if (sizeBytes > DOWNLOAD_BYTES_MAX) {
          throw new SalverError(
            'E_LIMIT_EXCEEDED',
            `${printable(description)} is larger than ${DOWNLOAD_BYTES_MAX} bytes`,
          );
        }
        digests.update(chunk);
        this.#onDisk(() => writeFully(fd, chunk));
      }
    } finally {
      closeSync(fd);
    }
    return sizeBytes;
  }

  /** Errors of the disk get a code; those of the stream stay what they are. */
  #onDisk<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileSystemError(error, `cannot write to the cache at ${this.#paths.root}`);
    }
  }

  #aliasPath({ algorithm, hex }: Digest): string {
    return join(this.#paths.aliases, algorithm, spread(hex));
  }

  #readAlias(digest: Digest): string | undefined {
    try {
      return openSealedText(readFileSync(this.#aliasPath(digest), 'latin1'));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fileSystemError(error, `cannot read the cache at ${this.#paths.root}`);
    }
  }

  #writeAlias(digest: Digest, sha512: string): void {
    const temporary = temporaryPath(this.#paths.tmp);
    this.#onDisk(() => writeFileSync(temporary, sealText(sha512), { flag: 'wx', mode: 0o644 }));
    publishFile(temporary, this.#aliasPath(digest));
  }
}

function storedDownload(path: string, sizeBytes: number, sha512: string): StoredDownload {
  return { path, sizeBytes, integrity: formatIntegrity({ algorithm: 'sha512', hex: sha512 }) };
}

function checkExpected(found: ReadonlyMap<Algorithm, string>, expected: string, description: string): void {
  const wanted = strongestDigests(expected);
  if (wanted.some(({ algorithm, hex }) => found.get(algorithm) === hex)) return;
  const algorithm = wanted[0]?.algorithm ?? 'sha512';
  const actual = formatIntegrity({ algorithm, hex: found.get(algorithm) ?? '' });
  throw new SalverError(
    'E_INTEGRITY_MISMATCH',
    `${printable(description)} does not have the expected integrity`,
    {
      hint: 'the registry or a proxy sent other bytes than the lockfile pins: find out why before updating the lockfile',
      facts: { expected: printable(expected), actual },
    },
  );
}

/** Digests of a file's bytes. Throws E_FILE_SYSTEM. */
export function hashFile(path: string, algorithms: readonly Algorithm[]): ReadonlyMap<Algorithm, string> {
  const digests = new DigestSet(algorithms);
  try {
    const fd = openSync(path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      let position = 0;
      for (let count = readFully(fd, buffer, 0); count > 0; count = readFully(fd, buffer, position)) {
        digests.update(buffer.subarray(0, count));
        position += count;
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileSystemError(error, `cannot read ${path}`);
  }
  return digests.finish();
}
