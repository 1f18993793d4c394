// A receiver of webhooks on a loopback port: answers as the test says and keeps what it was sent.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * `hang`: takes the request and never answers. `break`: closes the connection instead of answering. `endless`: an
 * answer that does not end.
 */
export type Misbehaviour = 'hang' | 'break' | 'endless';
export type ReplyRule = (request: ReceivedRequest, index: number) => Reply | Misbehaviour;

export interface Receiver {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly requests: readonly ReceivedRequest[];
  /** Resolves when that many requests have come in. */
  readonly received: (count: number) => Promise<void>;
}

export const OK: Reply = { status: 200, body: 'ok' };

/** Starts a receiver that is closed after the test. */
export async function startReceiver(context: TestContext, rule: ReplyRule = () => OK): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    void readRequest(request).then((received) => {
      requests.push(received);
      for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
      answer(response, rule(received, requests.length - 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const received = (count: number): Promise<void> =>
    requests.length >= count
      ? Promise.resolve()
      : new Promise((resolve) => void waiting.push({ count, resolve }));
  return { origin: `http://127.0.0.1:${port}`, requests, received };
}

async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { method = '', url = '', headers } = request;
  return { method, path: url, headers, body: Buffer.concat(pieces).toString('utf8') };
}

function answer(response: ServerResponse, reply: Reply | Misbehaviour): void {
  if (reply === 'hang') return;
  if (reply === 'endless') {
    writeForEver(response);
    return;
  }
  if (reply === 'break') {
    response.destroy();
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body ?? '');
}

function writeForEver(response: ServerResponse): void {
  if (response.destroyed) return;
  if (response.write('x'.repeat(16 * 1024))) setImmediate(writeForEver, response);
  else response.once('drain', () => writeForEver(response));
}

/** An address at which nobody listens. */
export async function unusedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${port}`;
}
