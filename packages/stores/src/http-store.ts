// An HTTP(S) prefix as a store: reading only. Servers that know no ranges, no conditions and no lists are common; what
// they answer is taken for what it is, and nothing of it is believed before its digest was checked.
import { SalverError } from '@salver/core';
import type {
  ObjectFacts,
  RangeBody,
  ReadOptions,
  ReadRangeOptions,
  ReadSmallOptions,
  SmallObject,
  Store,
} from '@salver/core';
import { parseContentRange } from './content-range.js';
import { HttpClient, describeUrl, statusError, unreachable } from './http-request.js';
import type { HttpAnswer, HttpClientOptions } from './http-request.js';
import { checkKey } from './object-key.js';
import { readWhole } from './read-whole.js';
import { objectChanged, objectNotFound } from './store-errors.js';

/** Opens the store below `url`; a user and password in it are sent, but never shown. */
export function openHttpStore(url: URL, options: HttpClientOptions = {}): Store {
  const authorization = options.authorization ?? basicAuthorization(url);
  return new HttpStore(url, new HttpClient({ ...options, authorization }));
}

function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

class HttpStore implements Store {
  readonly description: string;
  readonly #base: URL;
  readonly #client: HttpClient;

  constructor(base: URL, client: HttpClient) {
    this.#base = base;
    this.#client = client;
    this.description = describeUrl(base);
  }

  async stat(key: string, { signal }: ReadOptions = {}): Promise<ObjectFacts | undefined> {
    const answer = await this.#client.ask(this.#url(key), { method: 'HEAD', signal });
    answer.discard();
    if (isAbsent(answer)) return undefined;
    if (answer.status !== 200) throw statusError(answer);
    return factsOf(key, answer);
  }

  async readSmall(key: string, options: ReadSmallOptions): Promise<SmallObject | 'unchanged' | undefined> {
    const { signal, unlessTag } = options;
    const headers = unlessTag === undefined ? {} : { 'if-none-match': unlessTag };
    const answer = await this.#client.ask(this.#url(key), { method: 'GET', signal, headers });
    if (answer.status !== 200) answer.discard();
    if (isAbsent(answer)) return undefined;
    if (answer.status === 304) return 'unchanged';
    if (answer.status !== 200) throw statusError(answer);
    const bytes = await readWhole(answer.body, { key, bytesMax: options.bytesMax });
    const tag = tagOf(answer);
    // Servers without conditions send it all again.
    if (unlessTag !== undefined && tag === unlessTag) return 'unchanged';
    return { ...factsOf(key, answer), sizeBytes: bytes.length, bytes };
  }

  async readRange(key: string, options: ReadRangeOptions): Promise<RangeBody> {
    const { offset, length, tag, signal } = options;
    const range = { range: `bytes=${offset}-${offset + length - 1}` };
    const condition = tag === undefined ? undefined : { 'if-match': tag };
    const url = this.#url(key);
    let answer = await this.#client.ask(url, { method: 'GET', signal, headers: { ...range, ...condition } });
    if (answer.status === 416) {
      answer.discard();
      answer = await this.#client.ask(url, { method: 'GET', signal, headers: { ...condition } });
    }
    try {
      return this.#rangeOf(key, answer, options, url);
    } catch (error) {
      answer.discard();
      throw error;
    }
  }

  #rangeOf(key: string, answer: HttpAnswer, asked: ReadRangeOptions, url: URL): RangeBody {
    if (isAbsent(answer)) throw objectNotFound(key, this.description);
    if (answer.status === 412) throw objectChanged(key, this.description);
    if (answer.status !== 206 && answer.status !== 200) throw statusError(answer);
    const tag = tagOf(answer);
    // Not every server knows If-Match.
    if (asked.tag !== undefined && tag !== asked.tag) throw objectChanged(key, this.description);
    if (answer.status === 206) {
      const part = partOf(answer, asked);
      if (part === undefined) throw unreachable(url, 'sent another range than was asked for');
      return { ...part, tag, body: bounded(answer.body, part.length) };
    }
    const sizeBytes = lengthOf(answer);
    if (sizeBytes === undefined) {
      throw new SalverError(
        'E_STORE_MISCONFIGURED',
        `${describeUrl(url)} does not tell the size of the file`,
        {
          hint: 'let the server send Content-Length, or know ranges',
        },
      );
    }
    return { offset: 0, length: sizeBytes, sizeBytes, tag, body: bounded(answer.body, sizeBytes) };
  }

  // eslint-disable-next-line require-yield, @typescript-eslint/require-await -- HTTP has no lists
  async *list(): AsyncIterable<ObjectFacts> {
    throw new SalverError('E_STORE_UNLISTABLE', `${this.description} cannot list what it holds`, {
      hint: 'name the release by channel, version or id; `salver push` keeps an index for that',
    });
  }

  create(): Promise<boolean> {
    return Promise.reject(this.#readOnly());
  }

  replace(): Promise<boolean> {
    return Promise.reject(this.#readOnly());
  }

  remove(): Promise<void> {
    return Promise.reject(this.#readOnly());
  }

  close(): void {
    this.#client.close();
  }

  #url(key: string): URL {
    const url = new URL(this.#base);
    const path = checkKey(key).split('/').map(encodeURIComponent).join('/');
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
    return url;
  }

  #readOnly(): SalverError {
    return new SalverError('E_STORE_READ_ONLY', `the store ${this.description} can only be read`, {
      hint: 'write to the bucket or directory behind it',
    });
  }
}

function isAbsent({ status }: HttpAnswer): boolean {
  return status === 404 || status === 410;
}

/** Only a strong tag names bytes. */
function tagOf({ headers }: HttpAnswer): string | undefined {
  const { etag } = headers;
  return etag === undefined || etag.startsWith('W/') ? undefined : etag;
}

function lengthOf({ headers }: HttpAnswer): number | undefined {
  const text = headers['content-length'];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function factsOf(key: string, answer: HttpAnswer): ObjectFacts {
  const modified = Date.parse(answer.headers['last-modified'] ?? '');
  return {
    key,
    sizeBytes: lengthOf(answer) ?? 0,
    modifiedAt: Number.isNaN(modified) ? undefined : new Date(modified),
    tag: tagOf(answer),
  };
}

/** Undefined when it is not the range that was asked for. */
function partOf(
  { headers }: HttpAnswer,
  asked: { readonly offset: number; readonly length: number },
): Pick<RangeBody, 'offset' | 'length' | 'sizeBytes'> | undefined {
  const part = parseContentRange(headers['content-range']);
  if (part === undefined || part.offset !== asked.offset) return undefined;
  return part.length === Math.min(asked.length, part.sizeBytes - part.offset) ? part : undefined;
}

/** Never more than was announced, whatever is sent. */
async function* bounded(body: AsyncIterable<Buffer>, length: number): AsyncIterable<Buffer> {
  let left = length;
  for await (const piece of body) {
    yield piece.length <= left ? piece : piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}
