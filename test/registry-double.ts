// A registry in this process, on loopback: serves the packages a test describes, counts requests, and can be
// told to misbehave. Stands in for the real one, so that these tests need no network.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { encodeEntryHeader, paddingBytes } from '@salver/core';

/** One package as its author would publish it. */
export interface DoublePackage {
  readonly name: string;
  readonly version: string;
  /** Files by path inside the package; package.json is added when missing. */
  readonly files: Readonly<Record<string, string>>;
  /** Fields of its package.json beside name and version. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface RegistryDouble {
  /** With a slash at the end, as npm writes it. */
  readonly url: string;
  /** Paths asked for, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Answers everything with this status. */
  readonly status?: number;
  /** Changes the bytes of a tarball before they are sent. */
  readonly mangle?: (tarball: Buffer) => Buffer;
}

/** Starts a registry that knows these packages. */
export async function startRegistry(
  packages: readonly DoublePackage[],
  options: RegistryOptions = {},
): Promise<RegistryDouble> {
  const tarballs = new Map(packages.map((each) => [tarballPath(each), packTarball(each)]));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/');
    requests.push(path);
    const tarball = tarballs.get(path);
    if (options.status !== undefined) response.writeHead(options.status).end('{}');
    else if (tarball !== undefined) response.end(options.mangle?.(tarball) ?? tarball);
    else answerPackument({ url, path, packages }, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** SRI string of the tarball this package is served as. */
export function integrityOf(each: DoublePackage): string {
  return `sha512-${createHash('sha512').update(packTarball(each)).digest('base64')}`;
}

/** A loopback URL where nothing listens: the port was free a moment ago. */
export async function closedPortUrl(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/`;
}

/** Environment of a build that asks only this registry, at once gives up, and has caches of its own. */
export function registryEnv(wanted: { readonly cache: string; readonly registry: string }): {
  readonly [name: string]: string;
} {
  return {
    SALVER_CACHE: wanted.cache,
    npm_config_registry: wanted.registry,
    npm_config_cache: `${wanted.cache}-npm`,
    npm_config_fetch_retries: '0',
  };
}

function tarballPath({ name, version }: DoublePackage): string {
  return `/${name}/-/${name.split('/').at(-1) ?? name}-${version}.tgz`;
}

function answerPackument(
  asked: { readonly url: string; readonly path: string; readonly packages: readonly DoublePackage[] },
  response: { writeHead(status: number): { end(text: string): void } },
): void {
  const known = asked.packages.filter(({ name }) => asked.path === `/${name}`);
  const versions = known.map((each) => [
    each.version,
    {
      name: each.name,
      version: each.version,
      dist: { tarball: `${asked.url}${tarballPath(each).slice(1)}`, integrity: integrityOf(each) },
    },
  ]);
  response
    .writeHead(known.length === 0 ? 404 : 200)
    .end(JSON.stringify({ name: asked.path.slice(1), versions: Object.fromEntries(versions) as unknown }));
}

/** A tarball as `npm pack` makes it: everything below `package/`. */
function packTarball(each: DoublePackage): Buffer {
  const project = { name: each.name, version: each.version, ...each.fields };
  const files = { 'package.json': `${JSON.stringify(project, null, 2)}\n`, ...each.files };
  const parts: Buffer[] = [];
  for (const [path, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const entry = { kind: 'file', executable: false, linkTarget: '' } as const;
    parts.push(encodeEntryHeader({ ...entry, path: `package/${path}`, sizeBytes: data.length }));
    parts.push(data, Buffer.alloc(paddingBytes(data.length)));
  }
  parts.push(Buffer.alloc(1024));
  return gzipSync(Buffer.concat(parts));
}
