// Files with patterns of gitignore form, at any level of a tree: `.gitignore`, `.salverignore`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, fileSystemError } from '@salver/core';
import ignore from 'ignore';
import type { Ignore } from 'ignore';

export class IgnoreRules {
  readonly #root: string;
  readonly #fileName: string;
  /** Patterns by directory; undefined where there is no such file. */
  readonly #patterns = new Map<string, Ignore | undefined>();
  readonly #directories = new Map<string, boolean>([['', false]]);

  /** `root` is the top of the tree; `fileName` is looked for in every directory below it. */
  constructor(root: string, fileName: string) {
    this.#root = root;
    this.#fileName = fileName;
  }

  /** True when the file, or a directory above it, is ignored. Paths are relative to the root. */
  isFileIgnored(path: string): boolean {
    return this.isDirectoryIgnored(parentOf(path)) || this.#decide(path, false);
  }

  /** As git does: nothing below an ignored directory can be taken back in. */
  isDirectoryIgnored(path: string): boolean {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const isIgnored = this.isDirectoryIgnored(parentOf(path)) || this.#decide(path, true);
    this.#directories.set(path, isIgnored);
    return isIgnored;
  }

  /** The deepest file with an opinion decides. */
  #decide(path: string, isDirectory: boolean): boolean {
    for (let directory = parentOf(path); ; directory = parentOf(directory)) {
      const inner = directory === '' ? path : path.slice(directory.length + 1);
      const verdict = this.#patternsOf(directory)?.test(isDirectory ? `${inner}/` : inner);
      if (verdict?.ignored === true) return true;
      if (verdict?.unignored === true || directory === '') return false;
    }
  }

  #patternsOf(directory: string): Ignore | undefined {
    if (this.#patterns.has(directory)) return this.#patterns.get(directory);
    const patterns = this.#read(directory);
    this.#patterns.set(directory, patterns);
    return patterns;
  }

  #read(directory: string): Ignore | undefined {
    const path = join(this.#root, directory, this.#fileName);
    try {
      // Names that differ by case are different names on the hosts we build for, whatever the builder's disk thinks.
      return ignore({ ignorecase: false }).add(readFileSync(path, 'utf8'));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EISDIR') return undefined;
      throw fileSystemError(error, `cannot read ${path}`);
    }
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}
