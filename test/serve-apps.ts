// Small apps for the supervisor's tests, as releases. Every answer names the release three times: from a file
// that is read when the server starts, from another one, and from one that is read at each request by a relative
// path. A process that wanders to another release mixes them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostSettings } from '@salver/core';
import { makeArtifact } from '@salver/testing';
import { runJson } from './product-harness.js';
import type { InstallReport } from './product-harness.js';

export interface ServedApp {
  readonly files: Readonly<Record<string, string>>;
  readonly host: HostSettings;
}

/** What every answer of these apps holds. */
export interface VersionAnswer {
  readonly start: readonly string[];
  readonly now: string;
}

/** Ends politely: answers tell keep-alive clients to leave, and nobody is cut off while the drain time lasts. */
const NODE_SERVER = `
const { createServer } = require('node:http');
const { readFileSync } = require('node:fs');
const net = require('node:net');
const read = (path) => readFileSync(path, 'utf8');
const start = [read('version.txt'), read('lib/version.txt')];
let isEnding = false;
const server = createServer((request, response) => {
  if (isEnding) response.setHeader('Connection', 'close');
  response.setHeader('Content-Type', 'application/json');
  const answer = () => response.end(JSON.stringify({ start, now: read('version.txt') }));
  if (request.url === '/slow') setTimeout(answer, 500);
  else answer();
});
server.keepAliveTimeout = 60_000;
server.listen({ fd: 3 });
process.once('SIGTERM', () => {
  isEnding = true;
  // Not server.close() of http: it cuts idle connections off while a client may be writing to them.
  net.Server.prototype.close.call(server, () => process.exit());
  setTimeout(() => server.closeIdleConnections(), 1_000);
});
`;

/** A Node server; `server` replaces its code. */
export function nodeApp(server = NODE_SERVER, host: HostSettings = {}): ServedApp {
  return { files: { 'server.js': server }, host: { start: 'node server.js', ...host } };
}

const WSGI_APP = `
import json
def read(path):
    with open(path) as file:
        return file.read()
start = [read('version.txt'), read('lib/version.txt')]
def application(environ, start_response):
    body = json.dumps({'start': start, 'now': read('version.txt')}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]
`;

const ASGI_APP = `
import json
def read(path):
    with open(path) as file:
        return file.read()
start = [read('version.txt'), read('lib/version.txt')]
async def application(scope, receive, send):
    if scope['type'] != 'http':
        raise RuntimeError('http only')
    body = json.dumps({'start': start, 'now': read('version.txt')}).encode()
    headers = [(b'content-type', b'application/json'), (b'content-length', str(len(body)).encode())]
    await send({'type': 'http.response.start', 'status': 200, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})
`;

export function wsgiApp(start: string, host: HostSettings = {}): ServedApp {
  return { files: { 'wsgi.py': WSGI_APP }, host: { start, ...host } };
}

export function asgiApp(start: string, host: HostSettings = {}): ServedApp {
  return { files: { 'asgi.py': ASGI_APP }, host: { start, ...host } };
}

/** Installs a version of an app, without activating it, and returns the name of the release. */
export async function installApp(root: string, version: string, app: ServedApp): Promise<string> {
  const files = { ...app.files, 'version.txt': version, 'lib/version.txt': version };
  const { bytes } = await makeArtifact(files, { version, host: app.host });
  mkdirSync(root, { recursive: true });
  const artifact = join(root, `../${version}.tar.gz`);
  writeFileSync(artifact, bytes);
  const args = ['install', artifact, '--root', root, '--no-activate', '--durability', 'none'];
  const { release } = await runJson<InstallReport>('salver-host', args);
  return release;
}
