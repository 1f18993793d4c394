// A plain HTTP server for a directory, and how it can go wrong: the faults that proxies and servers are known for.
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One request, in the order in which they came. */
export interface HttpRequestSeen {
  readonly number: number;
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly range: { readonly first: number; readonly last: number } | undefined;
}

/** What is done instead of a right answer. */
export type HttpFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** The connection ends after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Nothing more comes after so many bytes; the connection stays. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** No answer at all. */
  | { readonly kind: 'silence' }
  /** The connection ends before an answer. */
  | { readonly kind: 'reset' }
  /** The whole file with status 200. */
  | { readonly kind: 'whole' }
  /** 416, whatever is asked. */
  | { readonly kind: 'unsatisfiable' }
  /** Another range than was asked for; `says` is what Content-Range claims. */
  | { readonly kind: 'other range'; readonly shift: number; readonly says: 'truth' | 'asked' }
  /** Bits of the body are flipped. */
  | { readonly kind: 'garbage'; readonly every: number }
  /** Another body altogether. */
  | { readonly kind: 'body'; readonly bytes: Buffer }
  /** Another tag than before. */
  | { readonly kind: 'other tag' }
  /** A weak tag, or none. */
  | { readonly kind: 'weak tag' }
  | { readonly kind: 'no tag' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** More bytes than were announced, as far as HTTP can say that: no length, and an end that does not come. */
  | { readonly kind: 'endless' }
  | undefined;

export interface HttpDouble {
  readonly url: string;
  readonly requests: HttpRequestSeen[];
  /** Bytes of bodies that were sent. */
  sentBytes: number;
  close(): Promise<void>;
}

export interface HttpDoubleOptions {
  readonly directory: string;
  readonly fault?: (request: HttpRequestSeen) => HttpFault;
}

/** Starts one on a port of its own. */
export async function startHttpDouble(options: HttpDoubleOptions): Promise<HttpDouble> {
  const requests: HttpRequestSeen[] = [];
  const double: HttpDouble = { url: '', requests, sentBytes: 0, close: () => Promise.resolve() };
  const server = createServer((request, response) => {
    const seen = look(request, requests.length);
    requests.push(seen);
    answer(seen, response, { options, double });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(double, { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function look(request: IncomingMessage, number: number): HttpRequestSeen {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://double').pathname);
  const [asked, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const range = asked === undefined ? undefined : { first: Number(first), last: Number(last) };
  return { number, path, method: request.method ?? '', headers: request.headers, range };
}

interface Answering {
  readonly options: HttpDoubleOptions;
  readonly double: HttpDouble;
}

function answer(seen: HttpRequestSeen, response: ServerResponse, work: Answering): void {
  const fault = work.options.fault?.(seen);
  switch (fault?.kind) {
    case 'silence':
      return;
    case 'reset':
      response.destroy();
      return;
    case 'status':
      response.writeHead(
        fault.status,
        fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter },
      );
      response.end('no');
      return;
    case 'redirect':
      response.writeHead(fault.status ?? 302, { location: fault.to }).end();
      return;
    case 'unsatisfiable':
      if (seen.range === undefined) break;
      response.writeHead(416).end();
      return;
    default:
  }
  sendFile(seen, response, { ...work, fault });
}

function sendFile(
  seen: HttpRequestSeen,
  response: ServerResponse,
  { options, double, fault }: Answering & { readonly fault: HttpFault },
): void {
  const file = join(options.directory, seen.path);
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) {
    response.writeHead(404).end('not found');
    return;
  }
  const whole = fault?.kind === 'body' ? fault.bytes : readFileSync(file);
  const etag = etagOf(`${stats.mtimeMs}-${stats.size}`, seen.number, fault);
  const headers: Record<string, string | number> = {
    'last-modified': stats.mtime.toUTCString(),
    ...(etag === undefined ? {} : { etag }),
  };
  if (etag !== undefined && seen.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const condition = seen.headers['if-match'];
  if (condition !== undefined && condition !== etag) {
    response.writeHead(412).end();
    return;
  }
  const sent = fault?.kind === 'whole' || fault?.kind === 'endless' ? undefined : seen.range;
  if (sent !== undefined && sent.first >= whole.length) {
    response.writeHead(416).end();
    return;
  }
  const shift = fault?.kind === 'other range' ? fault.shift : 0;
  const first = (sent?.first ?? 0) + shift;
  const last = Math.min(sent?.last ?? whole.length - 1, whole.length - 1) + shift;
  const body = damaged(whole.subarray(Math.max(0, first), last + 1), fault);
  if (sent !== undefined) {
    const said = fault?.kind === 'other range' && fault.says === 'truth' ? shift : 0;
    headers['content-range'] = `bytes ${sent.first + said}-${last - shift + said}/${whole.length}`;
  }
  if (fault?.kind !== 'endless') headers['content-length'] = body.length;
  response.writeHead(sent === undefined ? 200 : 206, headers);
  if (seen.method === 'HEAD') response.end();
  else sendBody(response, body, { double, fault });
}

function etagOf(base: string, number: number, fault: HttpFault): string | undefined {
  if (fault?.kind === 'no tag') return undefined;
  if (fault?.kind === 'weak tag') return `W/"${base}"`;
  return fault?.kind === 'other tag' ? `"${base}-${number}"` : `"${base}"`;
}

function damaged(body: Buffer, fault: HttpFault): Buffer {
  if (fault?.kind !== 'garbage') return body;
  const copy = Buffer.from(body);
  for (let at = 0; at < copy.length; at += fault.every) copy[at] = (copy[at] ?? 0) ^ 0x41;
  return copy;
}

function sendBody(
  response: ServerResponse,
  body: Buffer,
  { double, fault }: { readonly double: HttpDouble; readonly fault: HttpFault },
): void {
  if (fault?.kind === 'endless') {
    const more = (): void => {
      if (response.destroyed) return;
      double.sentBytes += body.length;
      response.write(body, () => setImmediate(more));
    };
    more();
    return;
  }
  const end =
    fault?.kind === 'cut' || fault?.kind === 'stall' ? Math.min(fault.afterBytes, body.length) : body.length;
  double.sentBytes += end;
  if (end === body.length) response.end(body);
  else response.write(body.subarray(0, end), () => (fault?.kind === 'cut' ? response.destroy() : undefined));
}
