// The same load and the same app under the reloads that are in common use, printed side by side. Of the peers nothing
// is asserted: their numbers are theirs. Each is skipped where it cannot be had.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { describeCounts, startLoad, totalOf } from './load-client.js';
import { makeTempDir, startCommand } from './product-harness.js';
import type { RunningProgram } from './product-harness.js';
import { missingProgram } from './missing-program.js';
import { installPython } from './python-packages.js';
import type { PythonPackages } from './python-packages.js';
import { nodeApp, wsgiApp } from './serve-apps.js';
import type { ServedApp } from './serve-apps.js';
import { runRounds } from './serve-rounds.js';
import { until } from './supervised.js';

const SWITCHES = 10;
const REQUESTS = 20_000;
const LOAD = { keepAlive: 4, oneShot: 4 };
/** After a reload command has returned: what it began goes on. */
const SETTLE_MS = 1_500;

const directory = makeTempDir();
let packages: PythonPackages = { missing: 'not installed yet' };
before(() => {
  packages = installPython(directory.path, ['gunicorn']);
});
after(() => directory.remove());

test('salver-host serve: Node', async (t) => {
  await printOurs(t, nodeApp());
});

test('salver-host serve: Node with a plain server.close()', async (t) => {
  const { server } = nodePlain('{ fd: 3 }');
  await printOurs(t, nodeApp(server), false);
});

test('salver-host serve: gunicorn', async (t) => {
  if ('missing' in packages) return t.skip(packages.missing);
  await printOurs(
    t,
    wsgiApp(`PYTHONPATH=${packages.path} python3 -m gunicorn -w 2 --log-level warning wsgi:application`),
  );
});

test('pm2 reload: Node, two processes', async (t) => {
  const installed = startCommand('npm', [
    'install',
    '--silent',
    '--no-audit',
    '--prefix',
    join(directory.path, 'pm2'),
    'pm2@7',
  ]);
  if ((await installed.ended).status !== 0) return t.skip('npm could not install pm2');
  const peer = makePeer(t, nodePlain('process.env.PORT', 'SIGINT').files);
  const port = await freePort();
  const env = { PM2_HOME: join(peer.path, 'home'), PORT: String(port) };
  const pm2 = (...args: readonly string[]): Promise<unknown> =>
    startCommand(join(directory.path, 'pm2/node_modules/.bin/pm2'), args, { cwd: directory.path, env }).ended;
  t.after(() => pm2('kill'));
  await pm2('start', join(peer.current, 'server.js'), '--name', 'app', '-i', '2', '--cwd', peer.current);
  await printPeer(t, { port, peer, reload: () => pm2('reload', 'app') });
});

test('gunicorn HUP under current', async (t) => {
  if ('missing' in packages) return t.skip(packages.missing);
  const { port, peer, reload } = await startGunicorn(t, packages.path);
  await printPeer(t, { port, peer, reload });
});

test('gunicorn HUP under current, behind nginx', async (t) => {
  const missing = 'missing' in packages ? packages.missing : missingProgram('nginx');
  if (missing !== undefined || 'missing' in packages) return t.skip(missing);
  const { port, peer, reload } = await startGunicorn(t, packages.path);
  const front = await freePort();
  const file = join(peer.path, 'nginx.conf');
  writeFileSync(file, nginxConfig(peer.path, front, port));
  stopAfter(t, startCommand('nginx', ['-c', file, '-e', join(peer.path, 'error.log')]));
  await printPeer(t, { port: front, peer, reload });
});

async function printOurs(t: TestContext, app: ServedApp, isPromised = true): Promise<void> {
  const { counts, durations } = await runRounds(t, {
    app,
    switches: SWITCHES,
    requestsMin: REQUESTS,
    ...LOAD,
  });
  t.diagnostic(`${durations.length} switches; ${describeCounts(counts)}`);
  assert.equal(totalOf(counts, 'mixed'), 0);
  if (isPromised) assert.equal(totalOf(counts, 'failed'), 0);
}

/** A directory with two releases and a link to one of them, as many deploy tools keep it. */
interface Peer {
  readonly path: string;
  readonly current: string;
  activate(version: string): void;
}

function makePeer(t: TestContext, files: Readonly<Record<string, string>>): Peer {
  const temporary = makeTempDir();
  t.after(() => temporary.remove());
  const { path } = temporary;
  for (const version of ['1.0.0', '2.0.0']) {
    const release = join(path, 'releases', version);
    mkdirSync(join(release, 'lib'), { recursive: true });
    const all = { ...files, 'version.txt': version, 'lib/version.txt': version };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(release, name), text);
  }
  const peer = {
    path,
    current: join(path, 'current'),
    activate: (version: string): void => {
      symlinkSync(join('releases', version), join(path, 'next'));
      renameSync(join(path, 'next'), join(path, 'current'));
    },
  };
  peer.activate('1.0.0');
  return peer;
}

async function printPeer(
  t: TestContext,
  {
    port,
    peer,
    reload,
  }: { readonly port: number; readonly peer: Peer; readonly reload: () => Promise<unknown> },
): Promise<void> {
  await until('the peer answers', () => isOpen(port));
  const load = startLoad({ port, ...LOAD });
  for (let index = 1; index <= SWITCHES; index += 1) {
    peer.activate(index % 2 === 1 ? '2.0.0' : '1.0.0');
    await reload();
    await delay(SETTLE_MS);
    // A peer may have stopped answering: its numbers are then the result.
    const wanted = (REQUESTS / SWITCHES) * index;
    await until('requests have followed', () => totalOf(load.counts, 'ok') >= wanted).catch(() => undefined);
  }
  t.diagnostic(`${SWITCHES} reloads; ${describeCounts(await load.stop())}`);
}

/** The usual way to end a Node server. */
function nodePlain(
  listen: string,
  signal = 'SIGTERM',
): { readonly server: string; readonly files: Readonly<Record<string, string>> } {
  const server = `
    const { readFileSync } = require('node:fs');
    const read = (path) => readFileSync(path, 'utf8');
    const start = [read('version.txt'), read('lib/version.txt')];
    const server = require('node:http').createServer((request, response) => {
      response.end(JSON.stringify({ start, now: read('version.txt') }));
    });
    server.keepAliveTimeout = 60_000;
    server.listen(${listen});
    process.once('${signal}', () => server.close(() => process.exit()));`;
  return { server, files: { 'server.js': server } };
}

async function startGunicorn(
  t: TestContext,
  pythonPath: string,
): Promise<{ readonly port: number; readonly peer: Peer; readonly reload: () => Promise<unknown> }> {
  const peer = makePeer(t, wsgiApp('').files);
  const port = await freePort();
  const args = [
    '-m',
    'gunicorn',
    '-w',
    '2',
    '-b',
    `127.0.0.1:${port}`,
    '--log-level',
    'warning',
    '--chdir',
    peer.current,
  ];
  const gunicorn = startCommand('python3', [...args, 'wsgi:application'], {
    cwd: peer.current,
    env: { PYTHONPATH: pythonPath },
  });
  stopAfter(t, gunicorn);
  // Before it listens SIGHUP would end it.
  await until('gunicorn listens', () => isOpen(port));
  return { port, peer, reload: () => Promise.resolve(gunicorn.child.kill('SIGHUP')) };
}

function nginxConfig(path: string, front: number, port: number): string {
  return `daemon off; pid ${path}/nginx.pid; error_log ${path}/error.log; worker_processes 1; user root;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path ${path}/body; proxy_temp_path ${path}/proxy;
  fastcgi_temp_path ${path}/f; uwsgi_temp_path ${path}/u; scgi_temp_path ${path}/s;
  server { listen 127.0.0.1:${front}; location / { proxy_pass http://127.0.0.1:${port}; } }
}
`;
}

function stopAfter(t: TestContext, { child, ended }: RunningProgram): void {
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
