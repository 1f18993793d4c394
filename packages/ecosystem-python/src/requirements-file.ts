// requirements.txt with hashes, as pip-compile, `uv pip compile`, poetry, pdm and pipenv write it. Every requirement
// must name one version (or one URL) and its hashes: pip itself asks for no less with --require-hashes.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SalverError, errnoOf, fileSystemError, pathProblem, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import { evaluateMarker, parseMarker } from './marker.js';
import type { MarkerEnvironment } from './marker.js';
import { NO_INDEX_OPTIONS, lockInvalid, sortedPackages, sriOfHash } from './python-lock.js';
import type { IndexOptions, LockedPackage, PythonLock } from './python-lock.js';

/** A lock larger than this is none. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const NESTED_FILES_MAX = 100;

export interface RequirementsOptions {
  readonly projectDir: string;
  /** Relative to the project. */
  readonly lockfile: string;
  readonly environment: MarkerEnvironment;
  /** For `${NAME}` in URLs. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads the file and those it includes. Throws E_LOCK_INVALID, E_INTEGRITY_MISSING, E_EDITABLE_REFUSED, E_FILE_SYSTEM. */
export function readRequirementsFile(options: RequirementsOptions): PythonLock {
  const reader = new RequirementsReader(options);
  reader.readFile(options.lockfile);
  return {
    lockfile: options.lockfile,
    packages: sortedPackages(reader.packages, options.lockfile),
    index: reader.index,
  };
}

/** True when a requirements file has hashes: then it is a lock. */
export function hasHashes(text: string): boolean {
  return /(?:^|\s)--hash=/.test(text);
}

class RequirementsReader {
  readonly packages: LockedPackage[] = [];
  index: IndexOptions = NO_INDEX_OPTIONS;
  readonly #options: RequirementsOptions;
  readonly #seen = new Set<string>();

  constructor(options: RequirementsOptions) {
    this.#options = options;
  }

  readFile(path: string): void {
    if (this.#seen.has(path)) return;
    this.#seen.add(path);
    if (this.#seen.size > NESTED_FILES_MAX)
      throw lockInvalid(this.#options.lockfile, 'it includes too many files');
    for (const line of logicalLines(this.#readText(path))) this.#readLine(line, path);
  }

  #readText(path: string): string {
    try {
      const bytes = readFileSync(join(this.#options.projectDir, path));
      if (bytes.length > FILE_BYTES_MAX) throw lockInvalid(path, 'it is too large');
      return bytes.toString('utf8').replace(/^\uFEFF/, '');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw lockInvalid(path, 'it is not there', error);
      throw fileSystemError(error, `cannot read ${path}`);
    }
  }

  #readLine(line: string, path: string): void {
    const [first = ''] = line.split(/[\s=]/, 1);
    if (/^(-e|--editable)$/.test(first)) throw editable(line, path);
    if (first.startsWith('-')) this.#readOption(first, valueOf(line, first), path);
    else this.#readRequirement(line, path);
  }

  #readOption(name: string, value: string, path: string): void {
    const expanded = value.replace(
      /\$\{([A-Z0-9_]+)\}/g,
      (whole, key: string) => this.#options.env[key] ?? whole,
    );
    switch (name) {
      case '-r':
      case '--requirement':
        this.readFile(this.#besides(path, value));
        return;
      case '-i':
      case '--index-url':
        this.index = { ...this.index, indexUrl: expanded };
        return;
      case '--extra-index-url':
        this.index = { ...this.index, extraIndexUrls: [...this.index.extraIndexUrls, expanded] };
        return;
      case '-f':
      case '--find-links':
        this.index = { ...this.index, findLinks: [...this.index.findLinks, expanded] };
        return;
      case '--no-index':
        this.index = { ...this.index, noIndex: true };
        return;
      default:
        // Constraints, and what is about choosing versions: every version is chosen already.
        if (KNOWN_OPTIONS.has(name)) return;
        throw lockInvalid(path, `it has an option that is not known: ${printable(name)}`);
    }
  }

  #besides(path: string, value: string): string {
    const { projectDir } = this.#options;
    const inside = relative(projectDir, join(projectDir, dirname(path), value));
    if (pathProblem(inside) !== undefined)
      throw lockInvalid(path, `it includes ${printable(value)}, which lies outside the project`);
    return inside;
  }

  #readRequirement(line: string, path: string): void {
    const hashes = [...line.matchAll(/\s--hash[= ]([a-z0-9]+):([0-9A-Fa-f]+)(?=\s|$)/g)];
    const [text = ''] = line.split(/\s--[a-z]/, 1);
    const requirement = parseRequirement(text);
    if (requirement === undefined) throw lockInvalid(path, `a line is no requirement: ${printable(text)}`);
    const { name, version, url, marker } = requirement;
    if (marker !== undefined && !evaluateMarker(parseMarker(marker), this.#options.environment)) return;
    if (version === undefined && url === undefined) {
      throw lockInvalid(path, `${printable(name)} is not pinned to one version with ==`);
    }
    const sris = hashes.flatMap(([, algorithm = '', hex = '']) => sriOfHash(algorithm, hex) ?? []);
    if (sris.length === 0) throw integrityMissing(name, path);
    this.packages.push(
      url === undefined
        ? { name, ...(version === undefined ? {} : { version }), files: [], hashes: sris }
        : { name, files: [{ fileName: fileNameOf(url), url, integrity: sris.join(' ') }], hashes: [] },
    );
  }
}

/** Options that change nothing for a file whose every line is pinned. */
const KNOWN_OPTIONS: ReadonlySet<string> = new Set(
  '-c --constraint --require-hashes --pre --prefer-binary --only-binary --no-binary --trusted-host --use-feature'.split(
    ' ',
  ),
);

/** Lines with their continuations, without comments. */
function logicalLines(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

function valueOf(line: string, option: string): string {
  return line
    .slice(option.length)
    .replace(/^[\s=]+/, '')
    .trim();
}

interface Requirement {
  readonly name: string;
  readonly version?: string;
  readonly url?: string;
  readonly marker?: string;
}

const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:@\s*(\S+)|===?\s*([A-Za-z0-9.!+_-]+))?\s*(?:;\s*(.+))?$/;

function parseRequirement(text: string): Requirement | undefined {
  const match = REQUIREMENT.exec(text.trim());
  if (match === null) return undefined;
  const [, name = '', url, version, marker] = match;
  return {
    name: canonicalName(name),
    ...(version === undefined ? {} : { version }),
    ...(url === undefined ? {} : { url }),
    ...(marker === undefined ? {} : { marker }),
  };
}

/** Last part of a URL's path. */
export function fileNameOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
}

function integrityMissing(name: string, lockfile: string): SalverError {
  return new SalverError('E_INTEGRITY_MISSING', `${lockfile} has no hash for ${printable(name)}`, {
    hint: 'make it with hashes: `pip-compile --generate-hashes` or `uv pip compile --generate-hashes`',
    facts: { lockfile, name },
  });
}

function editable(line: string, lockfile: string): SalverError {
  return editableRefused(printable(line.replace(/^\S+[\s=]+/, '')), lockfile);
}

/** An installation that points at a source tree: a release has none. */
export function editableRefused(name: string, lockfile: string): SalverError {
  return new SalverError('E_EDITABLE_REFUSED', `${lockfile} installs ${name} in editable form`, {
    hint: 'a release holds no link to a source tree: lock without it (the code of the app itself ships anyway), or as a built wheel',
    facts: { lockfile, name },
  });
}
