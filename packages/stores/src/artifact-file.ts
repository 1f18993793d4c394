// An artifact in the local file system. The file is opened once and everything is read through that
// descriptor, so that what is checked and what is used are the same bytes even when the name changes hands.
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  SIGNATURE_FILE_BYTES_MAX,
  SalverError,
  errnoOf,
  fileSystemError,
  printable,
  signatureFileName,
} from '@salver/core';
import type { ArtifactSource } from '@salver/core';

export interface ArtifactFileOptions {
  /** Another size is refused with E_RELEASE_MISMATCH. */
  readonly sizeBytes?: number | undefined;
}

/**
 * Opens the artifact at `path`. The caller closes it.
 * Throws E_ARTIFACT_NOT_FOUND when nothing (or no regular file) is there, E_FILE_SYSTEM for other failures.
 */
export function openArtifactFile(path: string, options: ArtifactFileOptions = {}): ArtifactSource {
  const description = printable(path);
  const fd = openForReading(path, description);
  const stats = fstatSync(fd);
  if (!stats.isFile()) {
    closeSync(fd);
    throw notFound(description, `${description} is not a file`);
  }
  if (options.sizeBytes !== undefined && stats.size !== options.sizeBytes) {
    closeSync(fd);
    throw wrongSize(description, { actual: stats.size, expected: options.sizeBytes });
  }
  return new ArtifactFile(fd, path, stats.size);
}

class ArtifactFile implements ArtifactSource {
  readonly description: string;
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #path: string;
  #isOpen = true;

  constructor(fd: number, path: string, sizeBytes: number) {
    this.#fd = fd;
    this.#path = path;
    this.description = printable(path);
    this.sizeBytes = sizeBytes;
  }

  readSignatures(id: string): Promise<string | undefined> {
    return signaturesBeside(this.#path, id);
  }

  readSync(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const got = this.#readSome(bytes, done, offset);
      if (got === 0) throw this.#truncated(offset + done);
      done += got;
    }
    return bytes;
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #readSome(bytes: Buffer, done: number, offset: number): number {
    try {
      return readSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    } catch (error) {
      throw fileSystemError(error, `cannot read ${this.description}`);
    }
  }

  #truncated(at: number): SalverError {
    return new SalverError('E_ARTIFACT_TRUNCATED', `${this.description} ends after ${at} bytes`, {
      hint: 'copy or download the artifact again',
      facts: { path: this.description, sizeBytes: at },
    });
  }
}

function openForReading(path: string, description: string): number {
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR')
      throw notFound(description, `there is no file ${description}`);
    throw fileSystemError(error, `cannot open ${description}`);
  }
}

function notFound(description: string, message: string): SalverError {
  return new SalverError('E_ARTIFACT_NOT_FOUND', message, {
    hint: 'give the path of the .tar.gz file that `salver build` wrote',
    facts: { path: description },
  });
}

/** As in a store: named by the id, in the same directory. */
// eslint-disable-next-line @typescript-eslint/require-await -- stores answer this later
async function signaturesBeside(artifact: string, id: string): Promise<string | undefined> {
  const path = join(dirname(artifact), signatureFileName(id));
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile() || stats.size > SIGNATURE_FILE_BYTES_MAX) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileSystemError(error, `cannot read ${printable(path)}`);
  }
}

/** The error for a file that has not the size that a signed document states. */
export function wrongSize(
  description: string,
  facts: { readonly actual: number; readonly expected: number },
): SalverError {
  return new SalverError(
    'E_RELEASE_MISMATCH',
    `${description} has ${facts.actual} bytes; ${facts.expected} were announced`,
    {
      hint: 'the file was changed or damaged in the store: try another store, or look who changed it',
      facts,
    },
  );
}
