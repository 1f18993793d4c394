// A package's tarball, verified, in the cache: from there, else from npm's own cache, else from where the
// lock says. Also knows what identifies a package's content before it is fetched.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { EcosystemContext, StoredDownload } from '@salver/core';
import { SalverError, fileSystemError, isSalverError, printable } from '@salver/core';
import { checkGitAllowed, fetchGit, isGitPackage, knownGitIntegrity } from './fetch-git.js';
import { createTarballFetcher } from './fetch-tarball.js';
import type { TarballFetcher } from './fetch-tarball.js';
import type { PlannedPackage } from './install-plan.js';
import { takeFromNpmCache } from './npm-cache.js';
import type { NpmOptions } from './npm-options.js';
import { request } from './registry-request.js';
import { conventionalUrl, packumentUrl, replaceHost } from './registry-url.js';

export interface FetchContext extends EcosystemContext {
  readonly npmOptions: NpmOptions;
}

/** A packument larger than this is not read. */
const PACKUMENT_BYTES_MAX = 256 * 1024 * 1024;

export class PackageFetcher {
  readonly #context: FetchContext;
  readonly #tarballs: TarballFetcher;
  readonly #withoutIntegrity = new Set<string>();
  #downloadedBytes = 0;

  /** `onBytes` hears how many bytes came over the network in all. */
  constructor(context: FetchContext, onBytes: (total: number) => void = () => undefined) {
    this.#context = context;
    this.#tarballs = createTarballFetcher(context.cache, context, (count) => {
      this.#downloadedBytes += count;
      onBytes(this.#downloadedBytes);
    });
  }

  /** Bytes that came over the network so far. */
  get downloadedBytes(): number {
    return this.#downloadedBytes;
  }

  /** `name@version` of packages whose lock entries lack an integrity. */
  get withoutIntegrity(): readonly string[] {
    return [...this.#withoutIntegrity].sort();
  }

  /**
   * Throws when the settings refuse this package: E_GIT_DEPENDENCY_REFUSED,
   * E_REMOTE_DEPENDENCY_REFUSED, E_INTEGRITY_MISSING.
   */
  check(item: PlannedPackage): void {
    const { settings } = this.#context;
    if (isGitPackage(item)) return checkGitAllowed(item, settings);
    if (item.source.kind === 'remote') checkRemoteAllowed(item, this.#context);
    if (item.integrity !== undefined) return;
    if (settings.strictIntegrity === true) throw integrityMissing(item);
    this.#withoutIntegrity.add(describePackage(item));
  }

  /** SRI string of the content, as far as it is known without fetching. */
  knownIntegrity(item: PlannedPackage): string | undefined {
    const { cache } = this.#context;
    if (isGitPackage(item)) return knownGitIntegrity(item, cache);
    if (item.integrity !== undefined) return item.integrity;
    if (item.source.kind === 'file') return undefined;
    const note = cache.findNote(seenKey(this.#urlOf(item))) as { readonly integrity?: unknown } | undefined;
    return typeof note?.integrity === 'string' ? note.integrity : undefined;
  }

  /**
   * The verified tarball. Throws the errors of {@link check}, E_REGISTRY_UNREACHABLE, E_REGISTRY_DENIED,
   * E_PACKAGE_NOT_FOUND, E_DOWNLOAD_FAILED, E_INTEGRITY_MISMATCH, E_FILE_SYSTEM, E_INTERRUPTED.
   */
  async fetch(item: PlannedPackage): Promise<StoredDownload> {
    this.check(item);
    const { cache, npmOptions } = this.#context;
    const integrity = this.knownIntegrity(item);
    const found = integrity === undefined ? undefined : cache.findDownload(integrity);
    if (found !== undefined) return found;
    if (isGitPackage(item)) return fetchGit(item, this.#context);
    if (item.source.kind === 'file') return this.#readProjectFile(item.source.path, integrity);
    const taken =
      integrity === undefined ? undefined : await takeFromNpmCache(npmOptions.cacheDir, integrity, cache);
    return taken ?? this.#download(item, integrity);
  }

  async #readProjectFile(path: string, integrity: string | undefined): Promise<StoredDownload> {
    const { cache, projectDir } = this.#context;
    try {
      return await cache.storeDownload(createReadStream(join(projectDir, path)), {
        description: printable(path),
        ...(integrity === undefined ? {} : { expected: integrity }),
      });
    } catch (error) {
      throw fileSystemError(error, `cannot read ${printable(path)}, which the lock names`);
    }
  }

  async #download(item: PlannedPackage, integrity: string | undefined): Promise<StoredDownload> {
    if (this.#context.offline) throw offline(item);
    const url = this.#urlOf(item);
    const stored = await this.#fetchUrl(item, url, integrity).catch(async (error: unknown) => {
      // Only where the lock names no URL was the place a guess by convention; then the registry is asked.
      const isGuess = item.source.kind === 'registry' && item.source.url === undefined;
      if (!isGuess || !isSalverError(error, 'E_PACKAGE_NOT_FOUND')) throw error;
      return this.#fetchUrl(item, await this.#askRegistry(item), integrity);
    });
    if (item.integrity === undefined)
      this.#context.cache.storeNote(seenKey(url), { integrity: stored.integrity });
    return stored;
  }

  #fetchUrl(item: PlannedPackage, url: string, integrity: string | undefined): Promise<StoredDownload> {
    return this.#tarballs.fetch({
      url,
      description: describePackage(item),
      ...(item.source.kind === 'registry' ? { name: item.name } : {}),
      ...(integrity === undefined ? {} : { integrity }),
    });
  }

  #urlOf(item: PlannedPackage): string {
    const { npmOptions } = this.#context;
    if (item.source.kind === 'remote') return item.source.url;
    if (item.source.kind === 'registry' && item.source.url !== undefined) {
      return replaceHost(item.source.url, npmOptions);
    }
    return conventionalUrl(item.name, item.version, npmOptions);
  }

  /** The tarball's URL as the registry states it. */
  async #askRegistry(item: PlannedPackage): Promise<string> {
    const { npmOptions } = this.#context;
    const description = describePackage(item);
    const response = await request(
      {
        url: packumentUrl(item.name, npmOptions),
        name: item.name,
        description,
        headers: { accept: 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8' },
      },
      this.#context,
    );
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of response.body) {
      sizeBytes += chunk.length;
      if (sizeBytes > PACKUMENT_BYTES_MAX) break;
      chunks.push(chunk);
    }
    const url = tarballOf(Buffer.concat(chunks).toString('utf8'), item.version);
    if (url !== undefined) return replaceHost(url, npmOptions);
    throw new SalverError('E_PACKAGE_NOT_FOUND', `the registry does not have ${description}`, {
      hint: 'check its version in the lock, and `registry` in .npmrc',
      facts: { location: item.location },
    });
  }
}

/** `name@version`, printable. */
export function describePackage(item: Pick<PlannedPackage, 'name' | 'version'>): string {
  return printable(`${item.name}@${item.version}`);
}

function seenKey(url: string): string {
  return `npm-seen:1:${url}`;
}

function tarballOf(packument: string, version: string): string | undefined {
  try {
    const { versions } = JSON.parse(packument) as {
      versions?: Record<string, { dist?: { tarball?: unknown } } | undefined>;
    };
    const url = versions?.[version]?.dist?.tarball;
    return typeof url === 'string' && /^https?:/.test(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

function checkRemoteAllowed(item: PlannedPackage, { settings }: FetchContext): void {
  const { allowRemote } = settings;
  if (allowRemote === true || (Array.isArray(allowRemote) && allowRemote.includes(item.name))) return;
  // With an integrity in the lock, the URL can only ever give the bytes that were reviewed.
  if (allowRemote === undefined && item.integrity !== undefined) return;
  const reason =
    allowRemote === undefined
      ? 'a URL outside the registry, without integrity'
      : 'a URL outside the registry';
  throw new SalverError('E_REMOTE_DEPENDENCY_REFUSED', `${describePackage(item)} comes from ${reason}`, {
    hint: `allow it in salver.json: "dependencies": { "allowRemote": ["${printable(item.name)}"] }`,
    facts: { location: item.location },
  });
}

function integrityMissing(item: PlannedPackage): SalverError {
  return new SalverError('E_INTEGRITY_MISSING', `the lock has no integrity for ${describePackage(item)}`, {
    hint: 'delete its entry from the lock and run `npm install`, or set dependencies.strictIntegrity to false',
    facts: { location: item.location },
  });
}

function offline(item: PlannedPackage): SalverError {
  return new SalverError(
    'E_REGISTRY_UNREACHABLE',
    `${describePackage(item)} is not in the cache, and this build is offline`,
    {
      hint: 'build once with network access',
      facts: { location: item.location },
    },
  );
}
