// The demo's supervisor: starts a release beside the running one, asks its /healthz, and only then moves
// traffic with a small TCP proxy. A stand-in for a process manager, not part of Salver.
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { realpathSync } from 'node:fs';
import { start } from './demo-processes.mjs';

const START_LIMIT_MS = 20_000;
const REQUEST_LIMIT_MS = 5_000;
const LOOPBACK = '127.0.0.1';

/** The app's server as started from one release did not come up. `output` is what it printed. */
export class ServerFailure extends Error {
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/**
 * Starts `node server.js` in a release on a free port and waits until /healthz answers 200.
 * Throws ServerFailure when the process ends or stays silent.
 */
export async function startRelease(directory) {
  // The real path: a process must not wander to another release when `current` moves.
  const cwd = realpathSync(directory);
  const env = { ...process.env, PORT: '0', HOST: LOOPBACK, NODE_ENV: 'production', LOG_LEVEL: 'info' };
  const child = start(process.execPath, ['server.js'], { cwd, env });
  const port = await listeningPort(child);
  const { status } = await request(port, '/healthz');
  if (status !== 200) throw new ServerFailure(`/healthz answered ${status}`, '');
  return { child, port };
}

// The app logs JSON lines; the one that says where it listens has the port.
function listeningPort(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (message) => {
      clearTimeout(timer);
      reject(new ServerFailure(message, output));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`the server did not listen within ${START_LIMIT_MS / 1000} s`);
    }, START_LIMIT_MS);
    child.once('close', (status) => fail(`the server ended with status ${status}`));
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    const readLog = (text) => {
      output += text;
      const match = /"port":(\d+)/.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      // From here on the log is only drained.
      child.stdout.off('data', readLog).resume();
      resolve(Number(match[1]));
    };
    child.stdout.setEncoding('utf8').on('data', readLog);
  });
}

/** One GET on a connection of its own. Resolves with status, body and time in milliseconds. */
export function request(port, path) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const sent = get({ host: LOOPBACK, port, path, agent: false, timeout: REQUEST_LIMIT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.once('end', () =>
        resolve({ status: response.statusCode, body, ms: performance.now() - began }),
      );
      response.once('error', reject);
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${REQUEST_LIMIT_MS} ms`)));
    sent.once('error', reject);
  });
}

const DRAIN_LIMIT_MS = 10_000;

/**
 * Opens the proxy on a free port. `switchTo` sends new connections to another port and resolves when the
 * connections to the old one are over, so that its process can be stopped without cutting anybody off.
 */
export async function openProxy() {
  let backend;
  const sockets = new Map();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: LOOPBACK, port: backend, allowHalfOpen: true });
    join(client, upstream, backend);
    join(upstream, client, backend);
  });
  const join = (socket, other, port) => {
    sockets.set(socket, port);
    socket.once('close', () => sockets.delete(socket));
    socket.once('error', () => other.destroy());
    socket.pipe(other);
  };
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    port: server.address().port,
    switchTo: async (port) => {
      const old = backend;
      backend = port;
      const ends = [...sockets].filter(([, to]) => to === old).map(([socket]) => once(socket, 'close'));
      await Promise.race([Promise.allSettled(ends), delay(DRAIN_LIMIT_MS, undefined, { ref: false })]);
    },
    close: () => {
      server.close();
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}
