// The kinds of sockets: handed over as systemd does it, Unix sockets, and servers that do not use epoll, which are
// known to accept only by the connections in their hands.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openListeningSocket } from '../packages/installer/dist/serve/listening-socket.js';
import { cleanEnvironment, makeTempDir, workspaceDirectory } from './product-harness.js';
import { missingProgram } from './missing-program.js';
import { installApp, nodeApp } from './serve-apps.js';
import type { ServedApp } from './serve-apps.js';
import { Supervised, activate, ask, processesOf, until } from './supervised.js';
import type { StatusAnswer, SwitchAnswer } from './supervised.js';

function makeRoot(t: TestContext): string {
  const directory = makeTempDir();
  t.after(() => directory.remove());
  return join(directory.path, 'root');
}

test('a socket that was handed over outlives the supervisor: clients wait while it is restarted', async (t) => {
  const root = makeRoot(t);
  const release = await installApp(root, '1.0.0', nodeApp());
  await activate(root, release);
  // Stands for systemd: it owns the socket and never accepts from it.
  const socket = await openListeningSocket({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  t.after(() => socket.close());
  assert.ok(socket.address.kind === 'tcp');
  const url = `http://127.0.0.1:${socket.address.port}/`;
  for (let start = 1; start <= 2; start += 1) {
    const waiting = fetch(url);
    const serve = `LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" serve --root "$1"`;
    const program = join(workspaceDirectory, 'node_modules/.bin/salver-host');
    const child = spawn('/bin/sh', ['-c', serve, program, root], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore', socket.fd],
    });
    t.after(() => child.kill('SIGKILL'));
    assert.equal(((await (await waiting).json()) as { now: string }).now, '1.0.0');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.deepEqual(processesOf(root), []);
  }
});

/** A server of Python's own library: it waits with poll(2). */
const POLLING_SERVER = `
import http.server, json, signal, socket, sys, threading
def read(path):
    with open(path) as file:
        return file.read()
start = [read('version.txt'), read('lib/version.txt')]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({'start': start, 'now': read('version.txt')}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
    def address_string(self):
        return 'client'
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    def get_request(self):
        connection, address = self.socket.accept()
        return connection, address or ('client', 0)
server = Server(('127.0.0.1', 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
signal.signal(signal.SIGTERM, lambda *args: threading.Thread(target=server.shutdown).start())
server.serve_forever()
`;

const POLLING_APP: ServedApp = {
  files: { 'server.py': POLLING_SERVER },
  host: { start: 'python3 server.py' },
};

for (const kind of ['TCP', 'Unix'] as const) {
  test(`a server that does not use epoll takes over on a ${kind} socket`, async (t) => {
    const missing = missingProgram('python3');
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    const root = makeRoot(t);
    const path = join(root, '../app.sock');
    const releases = [
      await installApp(root, '1.0.0', POLLING_APP),
      await installApp(root, '2.0.0', POLLING_APP),
    ];
    await activate(root, releases[0] ?? '');
    const listen = kind === 'TCP' ? '127.0.0.1:0' : `unix:${path}`;
    const supervised = await Supervised.start(root, '--listen', listen, '--ready', '/', '--settle', '0s');
    t.after(() => supervised.clear());
    await supervised.untilServing(releases[0] ?? '');
    assert.equal((await supervised.switchTo(releases[1] ?? '')).state, 'switched');
    await until('the first is gone', async () => (await supervised.status()).draining.length === 0);
    const where = kind === 'TCP' ? { port: supervised.port } : { socketPath: path };
    assert.equal((JSON.parse(await get(where)) as { now: string }).now, '2.0.0');
    assert.equal((await supervised.stop()).status, 0);
  });
}

test('orders that come together are carried out one after the other', async (t) => {
  const root = makeRoot(t);
  const versions = ['1.0.0', '2.0.0', '3.0.0'];
  const releases: string[] = [];
  for (const version of versions) releases.push(await installApp(root, version, nodeApp()));
  await activate(root, releases[0] ?? '');
  const supervised = await Supervised.start(root, '--settle', '0s');
  t.after(() => supervised.clear());
  const orders = releases.map((release) => ask(root, { do: 'switch', release, deadlineMs: 30_000 }));
  const answers = (await Promise.all(orders)) as readonly SwitchAnswer[];
  assert.deepEqual(
    answers.map(({ state }) => state),
    ['switched', 'switched', 'switched'],
  );
  assert.equal(((await ask(root, { do: 'status' })) as StatusAnswer).release, releases[2]);
  await until('one release is left', () => processesOf(root).length === 1);
});

function get(where: { readonly port: number } | { readonly socketPath: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', path: '/', agent: false, ...where }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => resolve(body));
    });
    sent.once('error', reject).end();
  });
}
