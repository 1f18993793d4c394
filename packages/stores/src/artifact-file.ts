// An artifact in the local file system. The file is opened once and everything is read through that
// descriptor, so that what is checked and what is used are the same bytes even when the name changes hands.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';
import type { ArtifactSource } from '@salver/core';

/**
 * Opens the artifact at `path`. The caller closes it.
 * Throws E_ARTIFACT_NOT_FOUND when nothing (or no regular file) is there, E_FILE_SYSTEM for other failures.
 */
export function openArtifactFile(path: string): ArtifactSource {
  const description = printable(path);
  const fd = openForReading(path, description);
  const stats = fstatSync(fd);
  if (!stats.isFile()) {
    closeSync(fd);
    throw notFound(description, `${description} is not a file`);
  }
  return new ArtifactFile(fd, description, stats.size);
}

class ArtifactFile implements ArtifactSource {
  readonly description: string;
  readonly sizeBytes: number;
  readonly #fd: number;
  #isOpen = true;

  constructor(fd: number, description: string, sizeBytes: number) {
    this.#fd = fd;
    this.description = description;
    this.sizeBytes = sizeBytes;
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
