// What a manager left in node_modules: packages, wherever they lie (nested, or in the isolated layouts of pnpm and
// bun), links, and directories that no package owns. The manager's own state is passed over.
import { directoryEntry, linkEntry } from '@salver/core';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { isAbsolute, join, posix, relative } from 'node:path';
import type { PackEntry } from '@salver/core';
import {
  LinkResolver,
  SalverError,
  comparePaths,
  errnoOf,
  fileSystemError,
  limits,
  linkTargetProblem,
  printable,
} from '@salver/core';
import { isBuildLeftover } from '../build-leftovers.js';
import { diskFileEntry, listDiskEntries } from '../disk-entries.js';
import { isObject } from '../lockfile-shape.js';
import { scriptedPackage } from '../package-facts.js';
import type { ScriptedPackage } from '../package-facts.js';

/** A directory that becomes a unit. */
export interface FoundPackage {
  /** Relative to the top: `node_modules/.pnpm/a@1.0.0/node_modules/a`. */
  readonly path: string;
  readonly name: string;
  /** Absent for directories that are no packages, such as `.prisma`. */
  readonly version?: string;
  readonly scripted?: ScriptedPackage;
}

export interface FoundModules {
  /** Sorted by path. */
  readonly packages: readonly FoundPackage[];
  /** Directories, links and loose files that belong to no package, by outermost node_modules directory. */
  readonly links: ReadonlyMap<string, readonly PackEntry[]>;
}

/** Directories of isolated layouts: each child holds a node_modules of its own. */
const VIRTUAL_STORES = new Set(['.pnpm', '.bun']);
/** What managers and tools keep for themselves, directly in a node_modules directory. */
const STATE =
  /^(?:\.cache|\.modules\.yaml|\.pnpm-workspace-state[^/]*|\.yarn-integrity|\.yarn-state\.yml|\.package-lock\.json|\.vite[^/]*|\.bun-tag[^/]*|\.pnpm-lock[^/]*)$/;

/**
 * Walks the node_modules directories of the top and of these workspaces. Links to directories that do not ship are
 * left out.
 * Throws E_PATH_UNSAFE for links that leave the top, E_FILE_SYSTEM, E_LIMIT_EXCEEDED.
 */
export function walkModules(
  topDir: string,
  members: readonly string[],
  elsewhere: readonly string[] = [],
): FoundModules {
  const walker = new Walker(topDir, new Set(elsewhere));
  for (const member of ['', ...members]) walker.visitModules(posix.join(member, 'node_modules'));
  walker.checkLinks();
  const links = new Map(
    [...walker.links].map(([root, entries]) => [root, entries.sort((a, b) => comparePaths(a.path, b.path))]),
  );
  return { packages: walker.packages.sort((a, b) => comparePaths(a.path, b.path)), links };
}

/** Files and links of one package, without the packages nested in it and without what compiling left. */
export function packageEntries(topDir: string, { path, scripted }: FoundPackage): readonly PackEntry[] {
  const nested = `${path}/node_modules`;
  const hasNested = !path.split('/').at(-1)?.startsWith('.');
  const isCompiled = scripted !== undefined && existsSync(join(topDir, path, 'binding.gyp'));
  return listDiskEntries({
    rootDir: topDir,
    location: path,
    skip: (found) =>
      (hasNested && found === nested) || (isCompiled && isCompilerOutput(found.slice(path.length + 1))),
  }).map((entry) => (entry.kind === 'symlink' ? relativeLink(entry, topDir) : entry));
}

/** Only where node-gyp and node-pre-gyp work: nobody publishes that together with a binding.gyp. */
function isCompilerOutput(path: string): boolean {
  return /^build(?:-tmp[^/]*)?\//.test(path) && (isBuildLeftover(path) || path.endsWith('.ar-file-list'));
}

class Walker {
  readonly packages: FoundPackage[] = [];
  readonly links = new Map<string, PackEntry[]>();
  readonly #topDir: string;
  readonly #elsewhere: ReadonlySet<string>;
  #found = 0;

  constructor(topDir: string, elsewhere: ReadonlySet<string>) {
    this.#topDir = topDir;
    this.#elsewhere = elsewhere;
  }

  visitModules(directory: string): void {
    const children = this.#childrenOf(directory);
    if (children === undefined) return;
    this.#add(directoryEntry(directory));
    for (const child of children) {
      const path = `${directory}/${child.name}`;
      if (STATE.test(child.name)) continue;
      if (!child.isDirectory()) this.#addLoose(path, child);
      else if (child.name === '.bin') this.#visitShared(path, () => undefined);
      else if (VIRTUAL_STORES.has(child.name)) this.#visitStore(path);
      else if (child.name.startsWith('@'))
        this.#visitShared(path, (name) => this.#visitPackage(`${path}/${name}`));
      else this.#visitPackage(path);
    }
  }

  /** Links must not lead out of the release; absolute ones into it have been made relative. */
  checkLinks(): void {
    const targets = new Map<string, string>();
    for (const entries of this.links.values()) {
      for (const { kind, path, linkTarget } of entries) if (kind === 'symlink') targets.set(path, linkTarget);
    }
    const resolver = new LinkResolver(targets);
    for (const [path, target] of targets) {
      const problem = linkTargetProblem(target) ?? resolver.problemOf(path);
      if (problem !== undefined) throw unsafeLink(path, target, problem);
    }
  }

  /** `.pnpm/<package>/node_modules/<name>`; what else lies in there is the manager's own. */
  #visitStore(directory: string): void {
    this.#add(directoryEntry(directory));
    for (const child of this.#childrenOf(directory) ?? []) {
      if (!child.isDirectory()) continue;
      const path = `${directory}/${child.name}`;
      if (child.name === 'node_modules') {
        this.visitModules(path);
      } else if (existsSync(join(this.#topDir, path, 'node_modules'))) {
        this.#add(directoryEntry(path));
        this.visitModules(`${path}/node_modules`);
      }
    }
  }

  /** A scope, or `.bin`: links, loose files, and directories that `visit` takes. */
  #visitShared(directory: string, visit: (name: string) => void): void {
    this.#add(directoryEntry(directory));
    for (const child of this.#childrenOf(directory) ?? []) {
      if (child.isDirectory()) visit(child.name);
      else this.#addLoose(`${directory}/${child.name}`, child);
    }
  }

  #visitPackage(path: string): void {
    const manifest = this.#readManifest(path);
    const name = typeof manifest?.['name'] === 'string' ? manifest['name'] : posix.basename(path);
    const version = manifest?.['version'];
    const scripted = scriptedPackage('', manifest, existsSync(join(this.#topDir, path, 'binding.gyp')));
    this.packages.push({
      path,
      name,
      ...(typeof version === 'string' ? { version } : {}),
      ...(scripted === undefined ? {} : { scripted }),
    });
    this.#count();
    // Below a directory like `.prisma` everything is its own.
    if (!posix.basename(path).startsWith('.')) this.visitModules(`${path}/node_modules`);
  }

  #addLoose(path: string, child: Dirent): void {
    if (child.isSymbolicLink()) {
      const link = relativeLink(linkEntry(path, readlinkSync(join(this.#topDir, path))), this.#topDir);
      if (!this.#elsewhere.has(posix.join(posix.dirname(path), link.linkTarget))) this.#add(link);
    } else if (child.isFile()) this.#add(diskFileEntry(this.#topDir, path));
  }

  #add(entry: PackEntry): void {
    const parts = entry.path.split('/');
    const root = parts.slice(0, parts.indexOf('node_modules') + 1).join('/');
    const entries = this.links.get(root) ?? [];
    entries.push(entry);
    this.links.set(root, entries);
    this.#count();
  }

  #count(): void {
    this.#found += 1;
    if (this.#found <= limits.ENTRIES_MAX) return;
    throw new SalverError(
      'E_LIMIT_EXCEEDED',
      `more than ${limits.ENTRIES_MAX} packages and links in node_modules`,
    );
  }

  #childrenOf(directory: string): readonly Dirent[] | undefined {
    try {
      return readdirSync(join(this.#topDir, directory), { withFileTypes: true });
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw fileSystemError(error, `cannot read ${printable(directory)}`);
    }
  }

  #readManifest(path: string): Record<string, unknown> | undefined {
    try {
      const text = readFileSync(join(this.#topDir, path, 'package.json'), 'utf8');
      const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
      return isObject(manifest) ? manifest : undefined;
    } catch {
      return undefined;
    }
  }
}

/** An absolute link into the tree would lead to the builder's directory. */
function relativeLink(entry: PackEntry, topDir: string): PackEntry {
  if (!isAbsolute(entry.linkTarget)) return entry;
  const target = relative(topDir, entry.linkTarget);
  if (target === '..' || target.startsWith('../')) return entry;
  return linkEntry(entry.path, posix.relative(posix.dirname(entry.path), target) || '.');
}

function unsafeLink(path: string, target: string, problem: string): SalverError {
  return new SalverError('E_PATH_UNSAFE', `the link ${printable(path)} -> ${printable(target)}: ${problem}`, {
    hint: 'a release holds nothing that lies elsewhere: check `link:` dependencies and the store settings of the manager',
    facts: { path: printable(path), target: printable(target) },
  });
}
