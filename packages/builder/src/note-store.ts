// Small JSON documents by key, sealed. A damaged one counts as absent.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, fileSystemError } from '@salver/core';
import type { Progress } from '@salver/core';
import { discardDamaged, publishFile } from './cache-files.js';
import { spreadKey } from './cache-paths.js';
import type { CachePaths } from './cache-paths.js';
import { codedFileError } from './coded-file-error.js';
import { openSealedText, sealText } from './sealed-text.js';
import { temporaryPath } from './temp-space.js';

interface Note {
  readonly key: string;
  readonly value: unknown;
}

export class NoteStore {
  readonly #paths: CachePaths;
  readonly #progress: Progress;

  constructor(options: { readonly paths: CachePaths; readonly progress: Progress }) {
    this.#paths = options.paths;
    this.#progress = options.progress;
  }

  find(key: string): unknown {
    const path = this.#pathOf(key);
    let sealed: string;
    try {
      sealed = readFileSync(path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fileSystemError(error, `cannot read the cache at ${path}`);
    }
    const text = openSealedText(sealed);
    const note = text === undefined ? undefined : (JSON.parse(text) as Note);
    if (note?.key === key) return note.value;
    discardDamaged(path, `note ${key}`, this.#progress);
    return undefined;
  }

  /** Throws E_DISK_FULL, E_FILE_SYSTEM. */
  store(key: string, value: unknown): void {
    const temporary = temporaryPath(this.#paths.tmp);
    try {
      writeFileSync(temporary, sealText(JSON.stringify({ key, value } satisfies Note)), {
        flag: 'wx',
        mode: 0o644,
      });
      publishFile(temporary, this.#pathOf(key));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw codedFileError(error, `cannot write to the cache at ${this.#paths.root}`);
    }
  }

  #pathOf(key: string): string {
    return join(this.#paths.notes, `${spreadKey(key)}.json`);
  }
}
