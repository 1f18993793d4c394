// One request to a package index or the server of its files. Proxies and retries are make-fetch-happen's, imported when
// the first download is needed. Failures become errors that say what to do, without credentials.
import { readFileSync } from 'node:fs';
import { SalverError, errnoOf, isSalverError, printable } from '@salver/core';
import type { IndexSettings } from './index-settings.js';

export interface RequestOptions {
  readonly url: string;
  /** For messages: `django 5.2.19`. */
  readonly description: string;
  readonly accept?: string;
}

export interface IndexResponse {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

const RETRIES = 3;
const TIMEOUT_MS = 60_000;

/** Throws E_REGISTRY_UNREACHABLE, E_REGISTRY_DENIED, E_PACKAGE_NOT_FOUND, E_DOWNLOAD_FAILED, E_INTERRUPTED. */
export async function requestIndex(
  options: RequestOptions,
  settings: IndexSettings,
  signal: AbortSignal,
): Promise<IndexResponse> {
  const { default: makeFetch } = await import('make-fetch-happen');
  const { url, authorization } = withoutCredentials(options.url, settings);
  try {
    const response = await makeFetch(url, {
      // The library hands it on; its types do not know it.
      ...({ signal } as object),
      timeout: TIMEOUT_MS,
      retry: { retries: RETRIES, minTimeout: 500, maxTimeout: 10_000 },
      headers: {
        'user-agent': 'salver',
        ...(options.accept === undefined ? {} : { accept: options.accept }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(settings.caFile === undefined ? {} : { ca: readFileSync(settings.caFile, 'utf8') }),
      ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
    });
    if (!response.ok) throw statusError(response.status, options);
    return {
      contentType: response.headers.get('content-type') ?? '',
      body: passOn(response.body as unknown as AsyncIterable<Uint8Array>, options, signal),
    };
  } catch (error) {
    throw requestError(error, options, signal);
  }
}

/** Reads a small body whole. Throws as {@link requestIndex}. */
export async function readText(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* passOn(
  body: AsyncIterable<Uint8Array>,
  options: RequestOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw requestError(error, options, signal);
  }
}

function withoutCredentials(
  url: string,
  { netrc }: IndexSettings,
): { readonly url: string; readonly authorization: string | undefined } {
  const parsed = new URL(url);
  const own = { user: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) };
  const credentials = own.user === '' && own.password === '' ? netrc.get(parsed.hostname) : own;
  parsed.username = '';
  parsed.password = '';
  if (credentials === undefined) return { url: parsed.href, authorization: undefined };
  const pair = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return { url: parsed.href, authorization: `Basic ${pair}` };
}

function requestError(error: unknown, options: RequestOptions, signal: AbortSignal): SalverError {
  if (isSalverError(error)) return error;
  if (signal.aborted) {
    return new SalverError('E_INTERRUPTED', `interrupted while fetching ${options.description}`, {
      cause: error,
    });
  }
  const { code } = error as { readonly code?: unknown };
  const reason = typeof code === 'string' ? code : error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  const host = hostOf(options.url);
  const isTls = /CERT|SIGNED|TLS|SSL|UNABLE_TO_/.test(reason);
  return new SalverError(
    'E_REGISTRY_UNREACHABLE',
    `cannot reach ${host} for ${options.description}: ${printable(reason)}`,
    {
      hint: isTls
        ? 'set PIP_CERT (or NODE_EXTRA_CA_CERTS) to the certificate authority of your index or proxy'
        : 'check the network, and index-url and proxy in pip.conf or PIP_INDEX_URL',
      cause: error,
      facts: { host, ...(errno === undefined ? {} : { errno }) },
    },
  );
}

function statusError(status: number, options: RequestOptions): SalverError {
  const host = hostOf(options.url);
  const facts = { status, host };
  const message = `${host} answered ${status} for ${options.description}`;
  if (status === 401 || status === 403 || status === 407) {
    const hint = 'put the credentials of your index into ~/.netrc or PIP_INDEX_URL';
    return new SalverError('E_REGISTRY_DENIED', message, { hint, facts });
  }
  if (status === 404 || status === 410) {
    const hint = 'check the name in the lock, and index-url in pip.conf or PIP_INDEX_URL';
    return new SalverError('E_PACKAGE_NOT_FOUND', message, { hint, facts });
  }
  const hint = 'the index has a problem: try again later';
  return new SalverError('E_DOWNLOAD_FAILED', message, { hint, facts });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the index';
}
