// One HTTP request and its answer, with the rules that a store on the network needs: limits on waiting, redirects that
// carry no credentials elsewhere, answers in the words of stores. Retrying is the business of retry.ts.
import { request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { lookup } from 'node:dns';
import { setTimeout as startTimer } from 'node:timers';
import { SalverError, printable } from '@salver/core';
import { certificateError } from './certificates.js';

export interface HttpLimits {
  /** Until the answer begins, connecting included. Milliseconds, as all here. */
  readonly answerMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
  /** A window in which at least `slowBytes` must come. */
  readonly slowMs: number;
  readonly slowBytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  answerMs: 30_000,
  idleMs: 30_000,
  slowMs: 60_000,
  slowBytes: 64 * 1024,
};

export interface HttpClientOptions {
  /** Value of the Authorization header; goes to the origin of the first request only. */
  readonly authorization?: string | undefined;
  /** PEM. Beside those that Node trusts. */
  readonly ca?: string | undefined;
  readonly limits?: HttpLimits | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Where it came from in the end, without credentials and query. */
  readonly from: string;
  /** May throw E_STORE_UNREACHABLE on the way. Ending the iteration early ends the transfer. */
  readonly body: AsyncIterable<Buffer>;
  /** Ends the transfer when the body is not wanted. */
  discard(): void;
}

export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const REDIRECTS_MAX = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const SOCKETS_MAX = 16;

export class HttpClient {
  readonly #authorization: string | undefined;
  readonly #limits: HttpLimits;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: HttpClientOptions) {
    this.#authorization = options.authorization;
    this.#limits = options.limits ?? HTTP_LIMITS;
    const kept = { keepAlive: true, maxSockets: SOCKETS_MAX };
    this.#agents = {
      http: new HttpAgent(kept),
      https: new HttpsAgent({ ...kept, ...(options.ca === undefined ? {} : { ca: options.ca }) }),
    };
  }

  /** Throws E_STORE_UNREACHABLE, E_STORE_MISCONFIGURED, E_INTERRUPTED. Every status is an answer. */
  async ask(url: URL, question: HttpQuestion): Promise<HttpAnswer> {
    let at = url;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#askOnce(at, question, { isFirstOrigin: at.origin === url.origin });
      if (!REDIRECT_STATUSES.has(answer.status)) return answer;
      answer.discard();
      if (redirects === REDIRECTS_MAX) throw misled(url, `redirects more than ${REDIRECTS_MAX} times`);
      at = redirectTarget(at, answer.headers.location);
    }
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #askOnce(
    url: URL,
    { method, headers, signal }: HttpQuestion,
    { isFirstOrigin }: { readonly isFirstOrigin: boolean },
  ): Promise<HttpAnswer> {
    const isTls = url.protocol === 'https:';
    const options: RequestOptions = {
      method,
      agent: isTls ? this.#agents.https : this.#agents.http,
      headers: {
        'user-agent': 'salver',
        // What is asked for is the file as it lies there: lengths and ranges must mean its bytes.
        'accept-encoding': 'identity',
        ...headers,
        ...(isFirstOrigin && this.#authorization !== undefined ? { authorization: this.#authorization } : {}),
      },
      ...(isFirstOrigin ? {} : { lookup: publicLookup }),
      ...(signal === undefined ? {} : { signal }),
    };
    if (!isFirstOrigin) refuseLinkLocal(url.hostname.replace(/^\[|\]$/g, ''));
    const bare = withoutSecrets(url);
    return new Promise((resolve, reject) => {
      const request = (isTls ? httpsRequest : httpRequest)(bare, options);
      const timer = startTimer(() => {
        request.destroy(unreachable(url, `no answer within ${this.#limits.answerMs} ms`));
      }, this.#limits.answerMs);
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(transportError(error, url, signal));
      });
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          from: describeUrl(url),
          body: guardBody(response, { url, limits: this.#limits, signal }),
          discard: () => response.destroy(),
        });
      });
      request.end();
    });
  }
}

/** For messages: no user, no password, no query, which may be a signature. */
export function describeUrl(url: URL): string {
  return printable(`${url.origin}${url.pathname}`);
}

function withoutSecrets(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function redirectTarget(from: URL, location: string | undefined): URL {
  let target: URL;
  try {
    target = new URL(location ?? '', from);
  } catch (error) {
    throw misled(from, 'redirects to no address', error);
  }
  if (target.protocol !== 'https:' && target.protocol !== from.protocol) {
    throw misled(from, `redirects to ${printable(target.protocol)}//, which is less safe`);
  }
  return target;
}

function misled(url: URL, what: string, cause?: unknown): SalverError {
  return new SalverError('E_STORE_MISCONFIGURED', `${describeUrl(url)} ${what}`, {
    cause,
    hint: 'name the address it leads to as the store',
  });
}

/** Addresses where clouds keep credentials: a redirect must not lead there. */
function refuseLinkLocal(address: string): void {
  if (!/^(169\.254\.|fe80:|fd00:ec2:|::ffff:169\.254\.)/i.test(address)) return;
  throw new SalverError(
    'E_STORE_MISCONFIGURED',
    `the store redirects to ${printable(address)}, a link-local address`,
    {
      hint: 'look who has changed the store',
    },
  );
}

const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, options, (error, address, family) => {
    if (error !== null) {
      callback(error, address, family);
      return;
    }
    try {
      const found = Array.isArray(address) ? address : [{ address: address, family: family ?? 4 }];
      for (const one of found) refuseLinkLocal(one.address);
      callback(null, address, family);
    } catch (refused) {
      callback(refused as NodeJS.ErrnoException, '', 0);
    }
  });
};

interface BodyOptions {
  readonly url: URL;
  readonly limits: HttpLimits;
  readonly signal: AbortSignal | undefined;
}

/** The body of an answer, with limits on waiting and its failures in the words of stores. */
export async function* guardBody(
  response: IncomingMessage,
  { url, limits, signal }: BodyOptions,
): AsyncIterable<Buffer> {
  response.setTimeout(limits.idleMs, () => {
    response.destroy(unreachable(url, `nothing came for ${limits.idleMs} ms`));
  });
  let windowBytes = 0;
  const watch = setInterval(() => {
    if (windowBytes < limits.slowBytes) response.destroy(unreachable(url, 'sends too slowly'));
    windowBytes = 0;
  }, limits.slowMs);
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      windowBytes += piece.length;
      yield piece;
    }
  } catch (error) {
    throw transportError(error, url, signal);
  } finally {
    clearInterval(watch);
    if (!response.complete) response.destroy();
  }
}

export function unreachable(url: URL, why: string, cause?: unknown): SalverError {
  return new SalverError('E_STORE_UNREACHABLE', `${describeUrl(url)}: ${why}`, {
    cause,
    hint: 'check network, name and port; what was downloaded is kept',
  });
}

function transportError(error: unknown, url: URL, signal: AbortSignal | undefined): SalverError {
  if (signal?.aborted === true) return new SalverError('E_INTERRUPTED', 'interrupted', { cause: error });
  if (error instanceof SalverError) return error;
  const why = error instanceof Error ? printable(error.message) : 'the request failed';
  return certificateError(error, describeUrl(url)) ?? unreachable(url, why, error);
}

/** An answer that is none of those the caller knows, as an error. */
export function statusError(answer: Pick<HttpAnswer, 'status' | 'headers' | 'from'>): SalverError {
  const { status, from } = answer;
  const facts = { status, ...retryAfterFact(answer.headers['retry-after']) };
  if (status === 401 || status === 403) {
    return new SalverError('E_STORE_DENIED', `${from} answered ${status}: access denied`, {
      hint: 'check the credentials, and that they may read this address',
      facts,
    });
  }
  if (status === 429 || status === 503) {
    return new SalverError('E_STORE_THROTTLED', `${from} answered ${status}: asked to slow down`, {
      hint: 'try again later',
      facts,
    });
  }
  if (status === 408 || status === 425 || status >= 500) {
    return new SalverError('E_STORE_UNREACHABLE', `${from} answered ${status}`, {
      hint: 'try again later, or look at the server',
      facts,
    });
  }
  return new SalverError('E_STORE_MISCONFIGURED', `${from} answered ${status}`, {
    hint: 'check that the address is that of the store',
    facts,
  });
}

function retryAfterFact(text: string | undefined): { readonly retryAfterMs?: number } {
  if (text === undefined) return {};
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.round(seconds * 1000) } : {};
}
