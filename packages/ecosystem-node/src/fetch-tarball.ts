// Downloads a tarball into the cache, verified while it is written. A connection that breaks, or a body that
// does not fit its integrity, is tried again: proxies cut and mangle bodies more often than registries do.
import type { BuildCache, StoredDownload } from '@salver/core';
import { SalverError, isSalverError } from '@salver/core';
import { ByteBudget } from './byte-budget.js';
import { request } from './registry-request.js';
import type { RequestContext, RequestOptions } from './registry-request.js';

const MIB = 1024 * 1024;
/** Bytes of tarballs in flight, where the registry states their size. */
export const DOWNLOAD_BYTES_IN_FLIGHT_MAX = 48 * MIB;
/** Bodies read at once. */
export const DOWNLOADS_IN_FLIGHT_MAX = 16;
/** Largest download accepted. */
export const DOWNLOAD_BYTES_MAX = 2048 * MIB;
/** What a body counts for when its size is not stated. */
const UNKNOWN_BODY_BYTES = 1 * MIB;
/** How often a body is read before giving up; connecting has retries of its own (`fetch-retries`). */
const BODY_ATTEMPTS_MAX = 3;

export interface FetchTarballOptions extends RequestOptions {
  readonly integrity?: string;
}

export interface TarballFetcher {
  /**
   * Throws E_REGISTRY_UNREACHABLE, E_REGISTRY_DENIED, E_PACKAGE_NOT_FOUND, E_DOWNLOAD_FAILED,
   * E_INTEGRITY_MISMATCH, E_LIMIT_EXCEEDED, E_INTERRUPTED.
   */
  fetch(options: FetchTarballOptions): Promise<StoredDownload>;
}

/** Makes a fetcher; all its downloads share one budget. `onBytes` hears what arrives. */
export function createTarballFetcher(
  cache: BuildCache,
  context: RequestContext,
  onBytes: (count: number) => void,
): TarballFetcher {
  const connections = new ByteBudget(DOWNLOADS_IN_FLIGHT_MAX, DOWNLOADS_IN_FLIGHT_MAX);
  const bodies = new ByteBudget(DOWNLOAD_BYTES_IN_FLIGHT_MAX, DOWNLOADS_IN_FLIGHT_MAX);
  const fetchOnce = async (options: FetchTarballOptions): Promise<StoredDownload> => {
    const response = await request(options, context);
    return bodies.run(response.sizeBytes ?? UNKNOWN_BODY_BYTES, () =>
      cache.storeDownload(counted(response.body, options.description, onBytes), {
        description: options.description,
        ...(options.integrity === undefined ? {} : { expected: options.integrity }),
      }),
    );
  };
  return {
    fetch: (options) =>
      connections.run(1, async () => {
        for (let attempt = 1; ; attempt += 1) {
          try {
            return await fetchOnce(options);
          } catch (error) {
            if (attempt >= BODY_ATTEMPTS_MAX || !isWorthRetrying(error)) throw error;
          }
        }
      }),
  };
}

/** A mangled or broken body; what the server said clearly, and names nobody knows, stay as they are. */
function isWorthRetrying(error: unknown): boolean {
  if (isSalverError(error, 'E_INTEGRITY_MISMATCH')) return true;
  if (!isSalverError(error, 'E_REGISTRY_UNREACHABLE')) return false;
  return error.facts['errno'] === 'ECONNRESET' || error.facts['errno'] === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  description: string,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > DOWNLOAD_BYTES_MAX) {
      throw new SalverError(
        'E_LIMIT_EXCEEDED',
        `the download of ${description} exceeds ${DOWNLOAD_BYTES_MAX} bytes`,
        {
          hint: 'look at the package: nothing that large is meant to be installed',
        },
      );
    }
    onBytes(chunk.length);
    yield chunk;
  }
}
