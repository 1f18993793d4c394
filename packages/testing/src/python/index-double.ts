// A package index on the loopback interface: the simple API as JSON or as HTML, and the files.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MadePackage } from './make-wheel.js';

export interface IndexDouble {
  /** Ends with `/simple`. */
  readonly url: string;
  /** `/files/<name>` below it serves a file. */
  readonly filesUrl: string;
  /** Paths of all requests so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface IndexDoubleOptions {
  /** Project -> its files. */
  readonly projects: Readonly<Record<string, readonly MadePackage[]>>;
  /** Default `json`. */
  readonly form?: 'json' | 'html';
  /** `user:password` that every request must carry. */
  readonly credentials?: string;
  /** Bytes served instead of a file's. */
  readonly mangle?: (fileName: string, attempt: number) => Buffer | undefined;
}

export async function startIndexDouble(options: IndexDoubleOptions): Promise<IndexDouble> {
  const requests: string[] = [];
  const files = new Map(
    Object.values(options.projects).flatMap((list) => list.map((one) => [one.fileName, one] as const)),
  );
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const authorization = `Basic ${Buffer.from(options.credentials ?? '').toString('base64')}`;
    if (options.credentials !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401).end();
      return;
    }
    const [, kind = '', name = ''] = path.split('/');
    const file = files.get(name);
    const project = options.projects[name];
    if (kind === 'files' && file !== undefined) {
      const attempt = requests.filter((seen) => seen === path).length;
      response.end(options.mangle?.(name, attempt) ?? file.bytes);
    } else if (kind === 'simple' && project !== undefined) {
      const isHtml = options.form === 'html';
      response.setHeader('content-type', isHtml ? 'text/html' : 'application/vnd.pypi.simple.v1+json');
      response.end(isHtml ? htmlPage(project) : jsonPage(project));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${base}/simple`,
    filesUrl: `${base}/files`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function jsonPage(project: readonly MadePackage[]): string {
  return JSON.stringify({
    meta: { 'api-version': '1.0' },
    files: project.map(({ fileName, sha256 }) => ({
      filename: fileName,
      url: `../../files/${fileName}`,
      hashes: { sha256 },
    })),
  });
}

function htmlPage(project: readonly MadePackage[]): string {
  const links = project.map(
    ({ fileName, sha256 }) =>
      `<a href="../../files/${fileName}#sha256=${sha256}" data-requires-python="&gt;=3.6">${fileName}</a><br/>`,
  );
  return `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`;
}
