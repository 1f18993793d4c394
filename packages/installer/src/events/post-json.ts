// One POST request that cannot hang, cannot be led elsewhere, and cannot fill memory.
import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface PostRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostLimits {
  /** For everything, from the first packet to the last byte of the answer. */
  readonly totalMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a request. `problem` says it in words, without anything of the URL but its origin. */
export type PostOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: string;
    }
  | { readonly kind: 'no-answer'; readonly problem: string }
  | { readonly kind: 'led-elsewhere'; readonly problem: string };

const CONNECT_MS = 10_000;
const IDLE_MS = 15_000;
const REDIRECTS_MAX = 3;
/** Enough for an id or an error message. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Sends a request and follows the redirects that keep method and body (307, 308) within the origin. Another
 * origin gets nothing: it would learn the credentials and the event, and nobody configured it. Never throws.
 */
export async function postJson(request: PostRequest, limits: PostLimits): Promise<PostOutcome> {
  const ends = Date.now() + limits.totalMs;
  let { url } = request;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await postOnce({ ...request, url }, { ...limits, totalMs: ends - Date.now() });
    if (typeof answer === 'string') return { kind: 'no-answer', problem: answer };
    const { status, location, retryAfter, body } = answer;
    if (!isRedirect(status)) return { kind: 'answer', status, retryAfter, body };
    const next = redirectTarget(location, url);
    if (next === undefined || next.origin !== request.url.origin) {
      const where = next === undefined ? 'an address that is none' : next.origin;
      return { kind: 'led-elsewhere', problem: `answered ${status} and leads to ${where}` };
    }
    if ((status !== 307 && status !== 308) || redirects === REDIRECTS_MAX) {
      return { kind: 'led-elsewhere', problem: `answered ${status}, a redirect that is not followed` };
    }
    url = next;
  }
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

function redirectTarget(location: string | undefined, base: URL): URL | undefined {
  return location === undefined || !URL.canParse(location, base.href) ? undefined : new URL(location, base);
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** The answer, or in words why there is none. */
function postOnce({ url, headers, body }: PostRequest, limits: PostLimits): Promise<Answer | string> {
  if (limits.signal?.aborted === true || limits.totalMs <= 0) return Promise.resolve('no time was left');
  const options: RequestOptions = {
    method: 'POST',
    // No kept-alive connection: the program ends when its work is done.
    agent: false,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'salver-host',
      ...headers,
      'content-length': Buffer.byteLength(body),
    },
  };
  return new Promise((resolve) => {
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    const settle = (outcome: Answer | string): void => {
      stopLimits();
      resolve(outcome);
      request.destroy();
    };
    const stopLimits = startLimits(request, limits, settle);
    request.on('error', (error) => settle(describeFailure(error)));
    request.on('response', (response) => readAnswer(response, settle));
    request.end(body);
  });
}

/** Returns what takes the limits away again. */
function startLimits(request: ClientRequest, limits: PostLimits, fail: (why: string) => void): () => void {
  const total = setTimeout(() => fail(`no answer within ${limits.totalMs} ms`), limits.totalMs);
  const connect = setTimeout(() => fail(`no connection within ${CONNECT_MS} ms`), CONNECT_MS);
  const stopConnect = (): void => clearTimeout(connect);
  request.on('socket', (socket) => {
    socket.once('connect', stopConnect);
  });
  request.setTimeout(IDLE_MS, () => fail(`silent for ${IDLE_MS} ms`));
  const abort = (): void => fail('interrupted');
  limits.signal?.addEventListener('abort', abort, { once: true });
  return () => {
    clearTimeout(total);
    stopConnect();
    limits.signal?.removeEventListener('abort', abort);
  };
}

function readAnswer(response: IncomingMessage, settle: (outcome: Answer | string) => void): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  const finish = (): void =>
    settle({
      status: response.statusCode ?? 0,
      location: response.headers.location,
      retryAfter: response.headers['retry-after'],
      body: Buffer.concat(pieces).subarray(0, ANSWER_BYTES_MAX).toString('utf8'),
    });
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    // More than anyone needs: what came is the answer.
    if (bytes >= ANSWER_BYTES_MAX) finish();
  });
  response.on('end', finish);
  response.on('error', (error) => settle(describeFailure(error)));
}

/** The code only (ECONNREFUSED, CERT_HAS_EXPIRED): a message may repeat what was sent. */
function describeFailure(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return `the connection failed${code === undefined ? '' : `: ${code}`}`;
}
