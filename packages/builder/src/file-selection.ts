// Which paths of a source tree may ship at all, whoever lists them (git, a walk, a build's output).
import picomatch from 'picomatch';
import { IgnoreRules } from './ignore-rules.js';

export interface SelectionOptions {
  /** Top of the tree. */
  readonly root: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Paths (files or directories, relative) that never ship: Salver's own output, directories of ecosystems. */
  readonly ownPaths: readonly string[];
  /** Paths that ship whatever the configuration says: package.json and the lockfile. */
  readonly required: readonly string[];
}

/** Directories that never ship, at any level. Dependencies ship as units of their own. */
const NEVER_DIRECTORIES = new Set(['.git', '.hg', '.svn', 'node_modules', '.idea', '.vscode']);
/** Files that never ship, at any level: left by editors and desktops. A `.git` file marks a submodule. */
const NEVER_FILES = /^(?:\.git|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.#.*|.*~|.*\.sw[op])$/;
/** Artifacts and what lies beside them, wherever an earlier build put them. */
const OWN_OUTPUT =
  /^\.salver-tmp-|-[a-z0-9]+-[a-z0-9]+(?:-glibc|-musl)?-[0-9a-f]{12}\.tar\.gz(?:\.provenance\.json)?$/;

export class FileSelection {
  readonly #ignored: IgnoreRules;
  readonly #include: (path: string) => boolean;
  readonly #exclude: (path: string) => boolean;
  readonly #ownPaths: ReadonlySet<string>;
  readonly #required: ReadonlySet<string>;

  constructor(options: SelectionOptions) {
    this.#ignored = new IgnoreRules(options.root, '.salverignore');
    this.#include = matcher(options.include);
    this.#exclude = matcher(options.exclude);
    this.#ownPaths = new Set(options.ownPaths);
    this.#required = new Set(options.required);
  }

  /** True when nothing below this directory ships; those above it have been asked about before. */
  isClosed(directory: string): boolean {
    const name = directory.slice(directory.lastIndexOf('/') + 1);
    return NEVER_DIRECTORIES.has(name) || directory === '.salver' || this.#ownPaths.has(directory);
  }

  /** True when a file (or link) that was listed ships. */
  ships(path: string): boolean {
    if (this.#isNever(path)) return false;
    if (this.#required.has(path)) return true;
    if (atOrAbove(path).some(this.#exclude)) return false;
    return this.isIncluded(path) || !this.#ignored.isFileIgnored(path);
  }

  /** True when `files.include` names the path or a directory above it. */
  isIncluded(path: string): boolean {
    return atOrAbove(path).some(this.#include);
  }

  #isNever(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (NEVER_FILES.test(name) || OWN_OUTPUT.test(name)) return true;
    return atOrAbove(path).some((place) => this.isClosed(place));
  }
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  // A trailing slash marks a directory, a leading `./` or `/` the top: people write all of them.
  const clean = patterns.map((pattern) => pattern.replace(/^\.?\//, '').replace(/\/$/, ''));
  return picomatch(clean, { dot: true });
}

/** A path and the directories above it: naming a directory names what is in it. */
function atOrAbove(path: string): readonly string[] {
  return [path, ...parentsOf(path)];
}

/** The directories above a path, nearest first, without the top. */
export function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    parents.push(path.slice(0, slash));
  }
  return parents;
}
