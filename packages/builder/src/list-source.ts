// The app's own files: what git tracks or does not ignore; without git, what .gitignore files do not ignore.
// After an app build: what the build left in the clean copy, ignored output such as dist/ included.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LinkResolver, comparePaths } from '@salver/core';
import type { Progress } from '@salver/core';
import { FileSelection, parentsOf } from './file-selection.js';
import type { SelectionOptions } from './file-selection.js';
import { IgnoreRules } from './ignore-rules.js';
import { askGit, splitNul } from './run-git.js';
import { statSource, unsafe } from './source-file.js';
import type { SourceFile } from './source-file.js';
import { walkTree } from './walk-tree.js';

export interface ListOptions extends SelectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
}

/** Files of a source tree that ship, in archive order. Throws E_PATH_UNSAFE, E_LIMIT_EXCEEDED, E_FILE_SYSTEM. */
export async function listSource(options: ListOptions): Promise<readonly SourceFile[]> {
  const selection = new FileSelection(options);
  const listed = (await listByGit(options.root, options)) ?? walkUnignored(options.root, selection);
  const included = options.include.length === 0 ? [] : await listIncluded(options);
  const paths = [...listed, ...included, ...options.required];
  return finishListing(
    paths.filter((path) => !BYTECODE.test(path)),
    selection,
    options,
  );
}

/** Left by running the app from its source; a build with Python makes its own. */
const BYTECODE = /(?:^|\/)__pycache__\//;

/** Directories and files in which tools keep what they can make again. They ship only when the source has them. */
const BUILD_CACHES =
  /(?:^|\/)(?:\.cache|\.parcel-cache|\.turbo|\.next\/cache|\.angular\/cache|\.nyc_output|\.npm|\.eslintcache|\.stylelintcache|[^/]*\.tsbuildinfo)$/;

/**
 * What a build left in `options.root`, in archive order: everything but dependencies, `.salverignore`d and excluded
 * files, and caches of tools. `sourcePaths` is what was there before the build. Throws as {@link listSource}.
 */
export function listBuilt(options: ListOptions, sourcePaths: ReadonlySet<string>): readonly SourceFile[] {
  const selection = new FileSelection(options);
  const isCache = (path: string): boolean => BUILD_CACHES.test(path) && !sourcePaths.has(path);
  const paths = walkTree(options.root, {
    skipsDirectory: (path) => selection.isClosed(path) || isCache(path),
    withEmptyDirectories: true,
  });
  return finishListing(
    paths.filter((path) => !isCache(path)),
    selection,
    options,
  );
}

/** Undefined when the project does not lie in a git work tree, or git is not there. */
async function listByGit(root: string, options: ListOptions): Promise<readonly string[] | undefined> {
  const output = await askGit(
    root,
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    options.env,
  );
  // Nothing at all: a surrounding repository ignores the project, so it is not that repository's.
  if (output === undefined || output.length === 0) return undefined;
  const paths: string[] = [];
  for (const path of splitNul(output)) {
    const inner = await listNested(root, path, options);
    if (inner === undefined) paths.push(path);
    else paths.push(...inner);
  }
  return paths;
}

/** A directory in a listing is a submodule (or a repository inside the repository): it lists its own files. */
async function listNested(
  root: string,
  path: string,
  options: ListOptions,
): Promise<readonly string[] | undefined> {
  const directory = path.replace(/\/$/, '');
  if (directory === path && statSource(root, path)?.kind !== 'directory') return undefined;
  // Without a `.git` of its own git would answer for the repository around it.
  const isRepository = existsSync(join(root, directory, '.git'));
  const paths = isRepository ? await listByGit(join(root, directory), options) : undefined;
  if (paths === undefined) {
    options.progress.warn(`the submodule ${directory} is empty: run git submodule update --init`);
    return [];
  }
  return paths.map((inner) => `${directory}/${inner}`);
}

function walkUnignored(root: string, selection: FileSelection): readonly string[] {
  const rules = new IgnoreRules(root, '.gitignore');
  const paths = walkTree(root, {
    skipsDirectory: (path) => selection.isClosed(path) || rules.isDirectoryIgnored(path),
    withEmptyDirectories: false,
  });
  return paths.filter((path) => !rules.isFileIgnored(path));
}

/** What `files.include` names, ignored or not. */
async function listIncluded(options: ListOptions): Promise<readonly string[]> {
  const { default: glob } = await import('fast-glob');
  const patterns = options.include.map((pattern) => pattern.replace(/^\.?\//, '').replace(/\/$/, ''));
  return glob([...patterns, ...patterns.map((pattern) => `${pattern}/**`)], {
    cwd: options.root,
    dot: true,
    onlyFiles: false,
    markDirectories: true,
    followSymbolicLinks: false,
    ignore: ['**/node_modules/**', '**/.git/**'],
  }).then((paths) => paths.filter((path) => !path.endsWith('/')));
}

function finishListing(
  paths: readonly string[],
  selection: FileSelection,
  options: ListOptions,
): readonly SourceFile[] {
  const listed: SourceFile[] = [];
  for (const path of new Set(paths)) {
    if (!selection.ships(path)) continue;
    const file = statSource(options.root, path);
    if (file !== undefined) listed.push(file);
  }
  const files = withoutThoseBehindLinks(listed).sort((a, b) => comparePaths(a.path, b.path));
  checkLinks(files);
  warnOfFoldedNames(files, options.progress);
  return files;
}

/** A directory that git tracks may have become a link: what lies behind it is not the project's. */
function withoutThoseBehindLinks(files: readonly SourceFile[]): SourceFile[] {
  const links = new Set(files.filter((file) => file.kind === 'symlink').map((file) => file.path));
  if (links.size === 0) return [...files];
  return files.filter(({ path }) => !parentsOf(path).some((parent) => links.has(parent)));
}

function checkLinks(files: readonly SourceFile[]): void {
  const links = new Map(
    files.filter((file) => file.kind === 'symlink').map((file) => [file.path, file.linkTarget]),
  );
  const resolver = new LinkResolver(links);
  for (const path of links.keys()) {
    const problem = resolver.problemOf(path);
    if (problem !== undefined) throw unsafe(path, `it links to "${links.get(path)}": ${problem}`);
  }
}

/** Such files overwrite each other where a release is unpacked on a file system that folds names (macOS). */
function warnOfFoldedNames(files: readonly SourceFile[], progress: Progress): void {
  const seen = new Map<string, string>();
  for (const { path } of files) {
    const folded = path.normalize('NFC').toLowerCase();
    const before = seen.get(folded);
    if (before === undefined) seen.set(folded, path);
    else progress.warn(`"${before}" and "${path}" differ only by case or Unicode form`);
  }
}
