// An S3 server inside the test's process: path style, one bucket in memory. It checks signatures and keeps conditions
// strictly, as Amazon does; real servers run the same contract suite and keep it honest. Nothing of it is for use.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ACCESS_KEY, S3Error, SECRET_KEY, checkSignature } from './s3-signature.js';

/** What was said of an object, as it is sent back with it. */
export type S3ObjectHeaders = Readonly<Record<string, string>>;

interface StoredObject {
  readonly bytes: Buffer;
  readonly headers: S3ObjectHeaders;
  readonly etag: string;
  readonly modifiedAt: Date;
}

interface Upload {
  readonly key: string;
  readonly headers: S3ObjectHeaders;
  readonly startedAt: Date;
  readonly parts: Map<number, StoredObject>;
}

/** A request as faults see it. */
export interface S3Request {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly range: string | undefined;
}

/** Answers instead of the server: a status and an error code, or a cut after so many bytes of the body. */
export type S3Fault =
  { readonly status: number; readonly code: string } | { readonly cutAfter: number } | undefined;

export interface S3DoubleOptions {
  /** Called for each request whose signature is right. */
  readonly fault?: (request: S3Request) => S3Fault;
  /** Requests with another time than this (in milliseconds) are refused, as by a real server. */
  readonly now?: () => number;
  /** PEM: serve over TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface S3Double {
  /** `s3://…` with the endpoint, for one prefix. */
  readonly url: (prefix: string) => string;
  /** Environment with the credentials. */
  readonly env: Readonly<Record<string, string>>;
  readonly requests: S3Request[];
  /** Type, cache rules and encoding of the object with this key in the bucket; undefined when there is none. */
  readonly headersOf: (key: string) => S3ObjectHeaders | undefined;
  close(): Promise<void>;
}

const BUCKET = 'artifacts';
const PAGE = 5;

/** Starts one on a port of its own. */
export async function startS3Double(options: S3DoubleOptions = {}): Promise<S3Double> {
  const bucket = new Bucket();
  const requests: S3Request[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void handle(request, response, { bucket, requests, options }).catch((error: unknown) => {
      if (!response.headersSent) sendError(response, error, request.method === 'HEAD');
      else response.destroy();
    });
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (prefix) =>
      `s3://${BUCKET}/${prefix}?endpoint=${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    env: { AWS_ACCESS_KEY_ID: ACCESS_KEY, AWS_SECRET_ACCESS_KEY: SECRET_KEY, AWS_REGION: 'us-east-1' },
    requests,
    headersOf: (key) => bucket.find(key)?.headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Handling {
  readonly bucket: Bucket;
  readonly requests: S3Request[];
  readonly options: S3DoubleOptions;
}

async function handle(request: IncomingMessage, response: ServerResponse, work: Handling): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const url = new URL(request.url ?? '/', 'http://double');
  checkSignature(request, url, { body, now: (work.options.now ?? Date.now)() });
  const [, bucketName = '', ...rest] = url.pathname.split('/');
  if (bucketName !== BUCKET) throw new S3Error(404, 'NoSuchBucket');
  const key = decodeURIComponent(rest.join('/'));
  const seen = { method: request.method ?? '', key, query: url.searchParams, range: request.headers.range };
  work.requests.push(seen);
  const fault = work.options.fault?.(seen);
  if (fault !== undefined && 'status' in fault) throw new S3Error(fault.status, fault.code);
  answer(work.bucket, { ...seen, request, response, body, cutAfter: fault?.cutAfter });
}

interface Exchange extends S3Request {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly cutAfter: number | undefined;
}

function answer(bucket: Bucket, exchange: Exchange): void {
  const { method, key, query, response, request, body } = exchange;
  const uploadId = query.get('uploadId');
  if (method === 'GET' && key === '' && query.has('uploads'))
    return sendXml(response, bucket.listUploads(query));
  if (method === 'GET' && key === '') return sendXml(response, bucket.list(query));
  if (method === 'GET' && uploadId !== null) return sendXml(response, bucket.listParts(uploadId));
  if (method === 'GET' || method === 'HEAD') return sendObject(bucket, exchange);
  if (method === 'DELETE') {
    bucket.remove(key);
    response.writeHead(204).end();
    return;
  }
  if (method === 'POST' && query.has('uploads'))
    return sendXml(response, bucket.beginUpload(key, request.headers));
  if (method === 'POST' && uploadId !== null)
    return sendXml(response, bucket.complete(key, uploadId, body.toString(), request.headers));
  if (method === 'PUT' && uploadId !== null) {
    const { etag } = bucket.putPart(uploadId, Number(query.get('partNumber')), body);
    response.writeHead(200, { etag }).end();
    return;
  }
  if (method !== 'PUT') throw new S3Error(501, 'NotImplemented');
  const { etag } = bucket.put(key, body, request.headers);
  response.writeHead(200, { etag }).end();
}

function sendObject(bucket: Bucket, { method, key, range, request, response, cutAfter }: Exchange): void {
  const found = bucket.get(key, request.headers);
  const headers = {
    ...found.headers,
    etag: found.etag,
    'last-modified': found.modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
  };
  if (request.headers['if-none-match'] === found.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  const [asked, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  const total = found.bytes.length;
  const start = Number(first ?? 0);
  if (asked !== undefined && start >= total) throw new S3Error(416, 'InvalidRange');
  const bytes = asked === undefined ? found.bytes : found.bytes.subarray(start, Number(last) + 1);
  const part =
    asked === undefined ? {} : { 'content-range': `bytes ${start}-${start + bytes.length - 1}/${total}` };
  response.writeHead(asked === undefined ? 200 : 206, {
    ...headers,
    ...part,
    'content-length': bytes.length,
  });
  if (method === 'HEAD') response.end();
  else if (cutAfter === undefined || cutAfter >= bytes.length) response.end(bytes);
  else response.write(bytes.subarray(0, cutAfter), () => response.destroy());
}

class Bucket {
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();

  find(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  get(key: string, headers: IncomingMessage['headers']): StoredObject {
    const found = this.#objects.get(key);
    if (found === undefined) throw new S3Error(404, 'NoSuchKey');
    const condition = headers['if-match'];
    if (condition !== undefined && condition !== found.etag) throw new S3Error(412, 'PreconditionFailed');
    return found;
  }

  put(key: string, bytes: Buffer, headers: IncomingMessage['headers']): StoredObject {
    this.#checkConditions(key, headers);
    const object = objectOf(bytes, { etag: `"${md5(bytes)}"`, headers: keptHeaders(headers) });
    this.#objects.set(key, object);
    return object;
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = keys.slice(0, PAGE);
    const rows = page.map((key) => {
      const { bytes, etag, modifiedAt } = this.#objects.get(key) as StoredObject;
      return `<Contents><Key>${key}</Key><LastModified>${modifiedAt.toISOString()}</LastModified><ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const more = keys.length > PAGE;
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`;
  }

  beginUpload(key: string, headers: IncomingMessage['headers']): string {
    const id = randomUUID();
    this.#uploads.set(id, { key, headers: keptHeaders(headers), startedAt: new Date(), parts: new Map() });
    return `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
  }

  listUploads(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const rows = [...this.#uploads]
      .filter(([, { key }]) => key.startsWith(prefix))
      .map(([id, { key, startedAt }]) => {
        return `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${startedAt.toISOString()}</Initiated></Upload>`;
      });
    return `<ListMultipartUploadsResult>${rows.join('')}</ListMultipartUploadsResult>`;
  }

  putPart(id: string, number: number, bytes: Buffer): StoredObject {
    const object = objectOf(bytes, { etag: `"${md5(bytes)}"`, headers: {} });
    this.#upload(id).parts.set(number, object);
    return object;
  }

  listParts(id: string): string {
    const rows = [...this.#upload(id).parts].map(
      ([number, { etag, bytes }]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag><Size>${bytes.length}</Size></Part>`,
    );
    return `<ListPartsResult><IsTruncated>false</IsTruncated>${rows.join('')}</ListPartsResult>`;
  }

  complete(key: string, id: string, xml: string, headers: IncomingMessage['headers']): string {
    const { parts, headers: kept } = this.#upload(id);
    this.#checkConditions(key, headers);
    const named = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: (/<ETag>(.*?)</.exec(part)?.[1] ?? '').replaceAll('&quot;', '"'),
    }));
    const bytes = named.map(({ number, etag }) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw new S3Error(400, 'InvalidPart');
      return part.bytes;
    });
    this.#uploads.delete(id);
    const etag = `"${md5(Buffer.concat(bytes))}-${named.length}"`;
    this.#objects.set(key, objectOf(Buffer.concat(bytes), { etag, headers: kept }));
    return `<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`;
  }

  #upload(id: string): Upload {
    const found = this.#uploads.get(id);
    if (found === undefined) throw new S3Error(404, 'NoSuchUpload');
    return found;
  }

  #checkConditions(key: string, headers: IncomingMessage['headers']): void {
    const existing = this.#objects.get(key);
    if (headers['if-none-match'] === '*' && existing !== undefined)
      throw new S3Error(412, 'PreconditionFailed');
    const match = headers['if-match'];
    if (match === undefined) return;
    if (existing === undefined) throw new S3Error(404, 'NoSuchKey');
    if (existing.etag !== match) throw new S3Error(412, 'PreconditionFailed');
  }
}

function objectOf(
  bytes: Buffer,
  { etag, headers }: { readonly etag: string; readonly headers: S3ObjectHeaders },
): StoredObject {
  return { bytes, etag, headers, modifiedAt: new Date() };
}

const KEPT_HEADERS = ['content-type', 'cache-control', 'content-encoding'] as const;

function keptHeaders(headers: IncomingMessage['headers']): S3ObjectHeaders {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      // The SDK says how it frames the body in the same header.
      const value = headers[name]?.replace(/,?aws-chunked,?/, '');
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

function sendXml(response: ServerResponse, xml: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${xml}`);
}

function sendError(response: ServerResponse, error: unknown, isHead: boolean): void {
  const { status, code } = error instanceof S3Error ? error : new S3Error(500, 'InternalError');
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(
    isHead ? undefined : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}
