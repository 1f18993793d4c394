// A registry on the loopback interface, for tests of downloads. Answers are functions, so that a test decides
// what happens on each request.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

export interface RegistryDouble {
  /** Ends with a slash. */
  readonly url: string;
  /** `host:port`. */
  readonly host: string;
  /** Paths of all requests so far. */
  readonly requests: readonly string[];
}

/** Runs `work` with a registry that answers by path; other paths are 404. */
export async function withRegistry<T>(
  answers: Readonly<Record<string, Answer | Buffer | string>>,
  work: (registry: RegistryDouble) => Promise<T>,
): Promise<T> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const answer = answers[path];
    if (answer === undefined) response.writeHead(404).end('not found');
    else if (typeof answer === 'function') {
      answer(request, response, requests.filter((seen) => seen === path).length);
    } else response.writeHead(200, { 'content-length': Buffer.byteLength(answer) }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    return await work({ url: `http://${host}/`, host, requests });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
