// A directory as a store: a disk of this machine or a mounted share.
//
// Nothing gets its name before it is whole: bytes go to a name of their own first and are flushed. link(2) then gives
// the final name to exactly one of several writers; where a share has no hard links, a claim stands in for it. A crash
// leaves a file `.salver-…`, which is no object: nobody lists or reads it.
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { SalverError, errnoOf, printable } from '@salver/core';
import type {
  ObjectContent,
  ObjectFacts,
  RangeBody,
  ReadRangeOptions,
  ReadSmallOptions,
  ReplaceOptions,
  SmallObject,
  Store,
} from '@salver/core';
import { withClaim } from './file-claim.js';
import { bytesContent } from './file-content.js';
import { isTemporary, temporaryName } from './file-temporary.js';
import { checkKey } from './object-key.js';
import { checkDigest, objectChanged, objectNotFound, objectTooLarge, storeError } from './store-errors.js';

/** What link(2) answers on file systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Opens the store in a directory that exists. Throws E_STORE_NOT_FOUND, E_STORE_DENIED. */
export async function openFileStore(directory: string): Promise<Store> {
  const root = resolve(directory);
  try {
    if (!(await stat(root)).isDirectory()) throw noStore(root, 'is not a directory');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw noStore(root, 'does not exist');
    throw storeError(error, root);
  }
  return new FileStore(root);
}

function noStore(root: string, why: string): SalverError {
  return new SalverError('E_STORE_NOT_FOUND', `the store ${printable(root)} ${why}`, {
    hint: 'create the directory, or mount the share',
    facts: { path: printable(root) },
  });
}

class FileStore implements Store {
  readonly description: string;
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    this.description = printable(root);
  }

  localPath(key: string): string {
    return this.#path(key);
  }

  async stat(key: string): Promise<ObjectFacts | undefined> {
    return this.#reading(async () => factsOf(key, await lstat(this.#path(key), { bigint: true })));
  }

  async readSmall(key: string, options: ReadSmallOptions): Promise<SmallObject | 'unchanged' | undefined> {
    return this.#reading(() =>
      this.#withFile(key, async (file, facts) => {
        if (options.unlessTag !== undefined && options.unlessTag === facts.tag) return 'unchanged';
        if (facts.sizeBytes > options.bytesMax) throw objectTooLarge(key, facts.sizeBytes, options.bytesMax);
        const bytes = await file.readFile();
        return { ...facts, sizeBytes: bytes.length, bytes };
      }),
    );
  }

  async readRange(key: string, { offset, length, tag }: ReadRangeOptions): Promise<RangeBody> {
    const facts = await this.stat(key);
    if (facts === undefined) throw objectNotFound(key, this.description);
    if (tag !== undefined && tag !== facts.tag) throw objectChanged(key, this.description);
    const held = Math.max(0, Math.min(length, facts.sizeBytes - offset));
    const body = this.#pieces(key, { offset, length: held, tag: facts.tag });
    return { offset, length: held, sizeBytes: facts.sizeBytes, tag: facts.tag, body };
  }

  async *#pieces(
    key: string,
    range: { readonly offset: number; readonly length: number; readonly tag: string | undefined },
  ): AsyncIterable<Uint8Array> {
    if (range.length === 0) return;
    const file = await this.#open(key);
    try {
      const facts = factsOf(key, await file.stat({ bigint: true }));
      if (facts?.tag !== range.tag) throw objectChanged(key, this.description);
      const end = range.offset + range.length - 1;
      yield* file.createReadStream({ start: range.offset, end, autoClose: false });
    } catch (error) {
      throw storeError(error, this.description);
    } finally {
      await file.close();
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectFacts> {
    // The prefix need not end at a directory: the last part may be the beginning of a name.
    const directory = prefix.includes('/') ? dirname(`${prefix}x`) : '.';
    yield* this.#walk(directory === '.' ? '' : directory, prefix);
  }

  async *#walk(directory: string, prefix: string): AsyncIterable<ObjectFacts> {
    const entries =
      (await this.#reading(() => readdir(join(this.#root, directory), { withFileTypes: true }))) ?? [];
    for (const entry of entries) {
      const key = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (isTemporary(entry.name)) continue;
      if (entry.isDirectory() && (key.startsWith(prefix) || prefix.startsWith(`${key}/`))) {
        yield* this.#walk(key, prefix);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        const facts = await this.stat(key);
        if (facts !== undefined) yield facts;
      }
    }
  }

  async create(key: string, content: ObjectContent): Promise<boolean> {
    const path = this.#path(key);
    if ((await this.stat(key)) !== undefined) return false;
    return this.#writing(async () => {
      const temporary = await this.#writeAside(path, content);
      try {
        return await this.#giveName(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async replace(key: string, bytes: Buffer, { expectedTag }: ReplaceOptions): Promise<boolean> {
    const path = this.#path(key);
    const content = bytesContent(bytes);
    return this.#writing(async () => {
      await mkdir(dirname(path), { recursive: true });
      return withClaim(path, async () => {
        if ((await this.stat(key))?.tag !== expectedTag) return false;
        const temporary = await this.#writeAside(path, content);
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return true;
      });
    });
  }

  async remove(key: string): Promise<void> {
    await this.#writing(() => rm(this.#path(key), { force: true }));
  }

  close(): void {
    // Nothing is kept open.
  }

  #path(key: string): string {
    return join(this.#root, checkKey(key));
  }

  /** Writes and flushes the content under a name of its own beside `path`; nothing stays when that fails. */
  async #writeAside(path: string, content: ObjectContent): Promise<string> {
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), temporaryName(basename(path), randomUUID()));
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await writeChecked(file, content);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return temporary;
  }

  async #giveName(temporary: string, path: string): Promise<boolean> {
    try {
      await link(temporary, path);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (errno === 'EEXIST') return false;
      if (!NO_LINKS.has(errno)) throw error;
      return withClaim(path, async () => {
        if ((await lstat(path).catch(() => undefined)) !== undefined) return false;
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return true;
      });
    }
    await syncDirectory(dirname(path));
    return true;
  }

  async #withFile<T>(key: string, work: (file: FileHandle, facts: ObjectFacts) => Promise<T>): Promise<T> {
    const file = await this.#open(key);
    try {
      const facts = factsOf(key, await file.stat({ bigint: true }));
      if (facts === undefined) throw objectNotFound(key, this.description);
      return await work(file, facts);
    } finally {
      await file.close();
    }
  }

  /** Never through a link, and without waiting for a writer of a named pipe. */
  #open(key: string): Promise<FileHandle> {
    return open(this.#path(key), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  /** Undefined when there is no such thing. */
  async #reading<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined;
      throw storeError(error, this.description);
    }
  }

  async #writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (errnoOf(error) === 'EROFS') {
        throw new SalverError('E_STORE_READ_ONLY', `the store ${this.description} is read-only`, {
          cause: error,
          hint: 'mount it for writing',
        });
      }
      throw storeError(error, this.description);
    }
  }
}

/** Undefined for what is no plain file: links and directories are no objects. */
function factsOf(key: string, stats: BigIntStats): ObjectFacts | undefined {
  if (!stats.isFile()) return undefined;
  const { ino, mtimeNs, size, mtime } = stats;
  return { key, sizeBytes: Number(size), modifiedAt: mtime, tag: `${ino}-${mtimeNs}-${size}` };
}

async function writeChecked(file: FileHandle, content: ObjectContent): Promise<void> {
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of content.open()) {
    sha256.update(piece);
    sizeBytes += piece.length;
    for (let done = 0; done < piece.length;) {
      done += (await file.write(piece, done, piece.length - done)).bytesWritten;
    }
  }
  checkDigest({ sizeBytes, sha256: sha256.digest('hex') }, content);
}

/** Shares that cannot flush a directory say EINVAL or ENOTSUP; then their server decides. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}
