// The file of a package that is installed, verified, in the cache: chosen by what the interpreter can use, from the
// cache, the project, a directory of files or an index.
import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EcosystemContext, StoredDownload } from '@salver/core';
import {
  SalverError,
  canonicalJson,
  fileSystemError,
  isSalverError,
  printable,
  sha256Hex,
} from '@salver/core';
import { chooseFile, isSdist, isWheel, noneFits } from './choose-file.js';
import { PYPI_URL, loadIndexSettings } from './index-settings.js';
import type { IndexSettings } from './index-settings.js';
import { requestIndex } from './index-request.js';
import type { Interpreter } from './interpreter.js';
import type { IndexOptions, LockedFile, LockedPackage } from './python-lock.js';
import { listProjectFiles } from './simple-index.js';
import type { IndexFile } from './simple-index.js';
import { parseSpecifiers, satisfies } from './specifier.js';
import { compareVersions, parseVersion } from './version.js';
import { parseWheelName } from './wheel-name.js';

/** The file that is installed for a package. */
export interface ChosenFile extends LockedFile {
  readonly isWheel: boolean;
}

export interface FetcherOptions {
  readonly context: EcosystemContext;
  readonly interpreter: Interpreter;
  /** Places of the tags that fit, best first. */
  readonly tags: ReadonlyMap<string, number>;
  readonly index: IndexOptions;
}

/** Largest download accepted. */
const DOWNLOAD_BYTES_MAX = 2 * 1024 * 1024 * 1024;
/** Bodies that do not fit their hash are read again: proxies mangle more than indexes do. */
const ATTEMPTS_MAX = 3;
/** Where PyPI keeps its files; a mirror of PyPI has them elsewhere. */
const PYPI_FILES_HOST = 'files.pythonhosted.org';

export class PackageFetcher {
  readonly #options: FetcherOptions;
  #settings: IndexSettings | undefined;
  #downloadedBytes = 0;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Bytes that came over the network so far. */
  get downloadedBytes(): number {
    return this.#downloadedBytes;
  }

  /** What would be installed, as far as it is known without asking an index. Throws E_PLATFORM_UNSUPPORTED. */
  knownFile(item: LockedPackage): ChosenFile | undefined {
    if (item.files.length > 0) return this.#choose(item, item.files);
    return this.#options.context.cache.findNote(this.#choiceKey(item)) as ChosenFile | undefined;
  }

  /** What is installed. Throws E_PLATFORM_UNSUPPORTED, E_PACKAGE_NOT_FOUND, and as {@link requestIndex}. */
  async chooseFile(item: LockedPackage): Promise<ChosenFile> {
    const known = this.knownFile(item);
    if (known !== undefined) return known;
    this.#refuseOffline(item);
    const { context } = this.#options;
    const listed = await listProjectFiles(item.name, this.#indexSettings(), context.signal);
    const allowed: LockedFile[] = [];
    for (const file of listed.filter((one) => this.#isCandidate(one, item))) {
      const integrity = await allowedHash(file, item.hashes);
      if (integrity !== undefined) allowed.push({ fileName: file.fileName, url: file.url, integrity });
    }
    if (allowed.length === 0) throw nothingListed(item);
    const chosen = this.#choose(item, allowed);
    context.cache.storeNote(this.#choiceKey(item), chosen);
    return chosen;
  }

  /** The verified file. Throws as {@link requestIndex}, E_INTEGRITY_MISMATCH, E_LIMIT_EXCEEDED, E_FILE_SYSTEM. */
  async fetch(item: LockedPackage, file: ChosenFile): Promise<StoredDownload> {
    const { cache, projectDir } = this.#options.context;
    const found = cache.findDownload(file.integrity);
    if (found !== undefined) return found;
    const { path, url } = file;
    if (path !== undefined) return this.#storeLocal(join(projectDir, path), file);
    if (url?.startsWith('file:') === true) return this.#storeLocal(fileURLToPath(url), file);
    this.#refuseOffline(item);
    return this.#download(await this.#urlOf(item, file), file);
  }

  #choose(item: LockedPackage, files: readonly LockedFile[]): ChosenFile {
    const { tags, interpreter } = this.#options;
    const chosen = chooseFile(files, tags);
    if (chosen === undefined) throw noneFits(item.name, files, `Python ${interpreter.version}`);
    return { ...chosen, isWheel: isWheel(chosen.fileName) };
  }

  /** The hashes pin the content, so it does not matter which index was asked. */
  #choiceKey(item: LockedPackage): string {
    const { interpreter, tags } = this.#options;
    const tagList = sha256Hex([...tags.keys()].join('\n'));
    const facts = [item.name, item.version ?? '', [...item.hashes].sort(), interpreter.fullVersion, tagList];
    return `python-file:1:${sha256Hex(canonicalJson(facts))}`;
  }

  #isCandidate(file: IndexFile, item: LockedPackage): boolean {
    const version = versionOf(file.fileName, item.name);
    const wanted = parseVersion(item.version ?? '');
    const isSameVersion =
      version !== undefined && wanted !== undefined && compareVersions(version, wanted) === 0;
    if (!isSameVersion) return false;
    const range = file.requiresPython === undefined ? undefined : parseSpecifiers(file.requiresPython);
    return range === undefined || satisfies(this.#options.interpreter.fullVersion, range);
  }

  #indexSettings(): IndexSettings {
    const { index, context } = this.#options;
    this.#settings ??= loadIndexSettings(index, context.env);
    return this.#settings;
  }

  #refuseOffline({ name, version = '' }: LockedPackage): void {
    if (!this.#options.context.offline) return;
    throw new SalverError(
      'E_REGISTRY_UNREACHABLE',
      `${printable(`${name} ${version}`.trim())} is not in the cache`,
      {
        hint: 'build once without --offline',
        facts: { name },
      },
    );
  }

  /** A lock made against PyPI names PyPI's own files; where another index is configured, it is asked for the same file. */
  async #urlOf(item: LockedPackage, file: ChosenFile): Promise<string> {
    const url = file.url ?? '';
    const settings = this.#indexSettings();
    const isMirrored = !settings.indexUrls.includes(PYPI_URL) && new URL(url).hostname === PYPI_FILES_HOST;
    if (!isMirrored) return url;
    const listed = await listProjectFiles(item.name, settings, this.#options.context.signal);
    const same = listed.find(
      ({ fileName, hashes }) =>
        fileName === file.fileName &&
        (hashes.length === 0 || hashes.some((hash) => file.integrity.includes(hash))),
    );
    return same?.url ?? url;
  }

  async #storeLocal(path: string, file: ChosenFile): Promise<StoredDownload> {
    const { cache } = this.#options.context;
    try {
      const stream = createReadStream(path);
      return await cache.storeDownload(stream, {
        expected: file.integrity,
        description: printable(file.fileName),
      });
    } catch (error) {
      throw fileSystemError(error, `cannot read ${printable(path)}, which the lock names`);
    }
  }

  async #download(url: string, file: ChosenFile): Promise<StoredDownload> {
    if (url.startsWith('file:')) return this.#storeLocal(fileURLToPath(url), file);
    const { context } = this.#options;
    const description = printable(file.fileName);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { body } = await requestIndex({ url, description }, this.#indexSettings(), context.signal);
        return await context.cache.storeDownload(this.#counted(body, file), {
          expected: file.integrity,
          description,
        });
      } catch (error) {
        if (attempt >= ATTEMPTS_MAX || !isSalverError(error, 'E_INTEGRITY_MISMATCH')) throw error;
      }
    }
  }

  async *#counted(body: AsyncIterable<Uint8Array>, file: ChosenFile): AsyncGenerator<Uint8Array> {
    let total = 0;
    for await (const chunk of body) {
      total += chunk.length;
      this.#downloadedBytes += chunk.length;
      if (total > (file.sizeBytes ?? DOWNLOAD_BYTES_MAX)) {
        throw new SalverError(
          'E_LIMIT_EXCEEDED',
          `the download of ${printable(file.fileName)} is larger than expected`,
          {
            hint: 'something between the index and this machine answers with other files',
          },
        );
      }
      yield chunk;
    }
  }
}

function versionOf(fileName: string, name: string): ReturnType<typeof parseVersion> {
  const wheel = parseWheelName(fileName);
  if (wheel !== undefined) return parseVersion(wheel.version.replaceAll('_', '-'));
  if (!isSdist(fileName)) return undefined;
  // The name of an old sdist may hold dashes; it is as long as the project's own.
  return parseVersion(fileName.slice(name.length + 1).replace(/\.(tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$/i, ''));
}

/** The hash of the lock that this file has, or undefined. Files in a directory are hashed: nobody states theirs. */
async function allowedHash(file: IndexFile, hashes: readonly string[]): Promise<string | undefined> {
  if (file.hashes.length > 0) return file.hashes.find((hash) => hashes.includes(hash));
  if (!file.url.startsWith('file:')) return undefined;
  for (const algorithm of new Set(hashes.map((hash) => hash.slice(0, hash.indexOf('-'))))) {
    const hash = createHash(algorithm);
    for await (const chunk of createReadStream(fileURLToPath(file.url))) hash.update(chunk as Buffer);
    const sri = `${algorithm}-${hash.digest('base64')}`;
    if (hashes.includes(sri)) return sri;
  }
  return undefined;
}

function nothingListed({ name, version = '' }: LockedPackage): SalverError {
  return new SalverError(
    'E_PACKAGE_NOT_FOUND',
    `no index has a file of ${printable(`${name} ${version}`)} with a hash of the lock`,
    {
      hint: 'check index-url in pip.conf or PIP_INDEX_URL; if the files were replaced there, ask why before you lock again',
      facts: { name, version },
    },
  );
}
