// One request to a registry: authentication, proxies and retries are npm-registry-fetch's, imported when the
// first download is needed (137 ms). Failures become errors that say what to do, without credentials.
import { SalverError, isSalverError, printable } from '@salver/core';
import type { NpmOptions } from './npm-options.js';

export interface RequestContext {
  readonly npmOptions: Pick<NpmOptions, 'fetch' | 'undefinedVariables'>;
  readonly signal: AbortSignal;
}

export interface RegistryResponse {
  readonly body: AsyncIterable<Uint8Array>;
  /** From `content-length`; undefined when the server does not say. */
  readonly sizeBytes: number | undefined;
}

export interface RequestOptions {
  readonly url: string;
  /** Package name, which decides whose credentials are sent; none for a URL outside any registry. */
  readonly name?: string;
  /** For messages: `a@1.0.0`. */
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks for a URL. The body fails when nothing arrives for `fetch-timeout`.
 * Throws E_REGISTRY_UNREACHABLE, E_REGISTRY_DENIED, E_PACKAGE_NOT_FOUND, E_DOWNLOAD_FAILED, E_INTERRUPTED.
 */
export async function request(options: RequestOptions, context: RequestContext): Promise<RegistryResponse> {
  const registryFetch = (await import('npm-registry-fetch')).default;
  const { fetch: fetchOptions } = context.npmOptions;
  try {
    const response = await registryFetch(options.url, {
      ...(fetchOptions as Record<string, unknown>),
      ...(options.name === undefined ? {} : { spec: options.name }),
      headers: { ...options.headers },
      signal: context.signal,
    });
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const body = response.body as unknown as DestroyableBody;
    return {
      body: readBody(body, options, context),
      sizeBytes: Number.isSafeInteger(length) && length >= 0 ? length : undefined,
    };
  } catch (error) {
    throw requestError(error, options, context);
  }
}

interface DestroyableBody extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): void;
}

/** Passes the body on; the library has no time limit of its own for a body that stops arriving. */
async function* readBody(
  body: DestroyableBody,
  options: RequestOptions,
  context: RequestContext,
): AsyncGenerator<Uint8Array> {
  const { timeout } = context.npmOptions.fetch;
  const stalled = (): void => body.destroy(Object.assign(new Error('no data'), { code: 'ETIMEDOUT' }));
  const interrupt = (): void => body.destroy(new Error('interrupted'));
  const timer = setTimeout(stalled, timeout);
  context.signal.addEventListener('abort', interrupt);
  try {
    for await (const chunk of body) {
      timer.refresh();
      yield chunk;
      timer.refresh();
    }
  } catch (error) {
    throw requestError(error, options, context);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', interrupt);
    // Ends the connection when the reader stopped early; a body that has ended ignores it.
    body.destroy();
  }
}

/** Turns a failure of the library into a SalverError. */
function requestError(error: unknown, options: RequestOptions, context: RequestContext): SalverError {
  if (isSalverError(error)) return error;
  if (context.signal.aborted) {
    return new SalverError('E_INTERRUPTED', `interrupted while fetching ${options.description}`, {
      cause: error,
    });
  }
  const status = (error as { statusCode?: unknown }).statusCode;
  if (typeof status === 'number') return statusError(status, error, options, context);
  return connectionError(error, options);
}

function statusError(
  status: number,
  cause: unknown,
  options: RequestOptions,
  context: RequestContext,
): SalverError {
  const host = hostOf(options.url);
  const facts = { status, host };
  const message = `${host} answered ${status} for ${options.description}`;
  if (status === 401 || status === 403) {
    return new SalverError('E_REGISTRY_DENIED', message, {
      hint: credentialsHint(options, context),
      cause,
      facts,
    });
  }
  if (status === 404 || status === 410) {
    const hint = `if it is private, set ${credentialsKey(options.url)} in .npmrc; else check its version in the lock`;
    return new SalverError('E_PACKAGE_NOT_FOUND', message, { hint, cause, facts });
  }
  return new SalverError('E_DOWNLOAD_FAILED', message, {
    hint: 'the registry has a problem: try again later, or set another `registry` in .npmrc',
    cause,
    facts,
  });
}

function credentialsHint(options: RequestOptions, context: RequestContext): string {
  const missing = context.npmOptions.undefinedVariables;
  if (missing.length > 0) return `.npmrc uses ${missing.join(', ')}, which the environment does not set`;
  return `set or renew ${credentialsKey(options.url)} in .npmrc`;
}

/** The .npmrc key npm would look for, e.g. `//npm.example.net/:_authToken`. */
function credentialsKey(url: string): string {
  return `//${hostOf(url)}/:_authToken`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the registry';
}

/** Errors of the connection itself: nobody answered, or not as the protocol asks. */
function connectionError(error: unknown, options: RequestOptions): SalverError {
  // Node's own codes (ERR_TLS_…, ERR_STREAM_PREMATURE_CLOSE) tell as much here as those of the system.
  const { code } = error as { readonly code?: unknown };
  const errno = typeof code === 'string' ? code : undefined;
  const host = hostOf(options.url);
  const reason = errno ?? (error instanceof Error ? error.message : String(error));
  const isTls = errno !== undefined && /CERT|SIGNED|TLS|SSL|UNABLE_TO_/.test(errno);
  const hint = isTls
    ? 'set `cafile` in .npmrc (or NODE_EXTRA_CA_CERTS) to the certificate authority of your registry or proxy'
    : 'check the network, `registry`, `proxy` and `https-proxy` in .npmrc';
  return new SalverError(
    'E_REGISTRY_UNREACHABLE',
    `cannot reach ${host} for ${options.description}: ${printable(reason)}`,
    {
      hint,
      cause: error,
      facts: { host, ...(errno === undefined ? {} : { errno }) },
    },
  );
}
