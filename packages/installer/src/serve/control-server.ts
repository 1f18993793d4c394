// The supervisor's side of the control socket. Only its own user and root can connect (mode 0600).
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { HostPaths } from '../host-paths.js';
import { reachableSocketPath, readLine } from './control-messages.js';
import type { ControlAnswer, ControlRequest } from './control-messages.js';

const CONNECTIONS_MAX = 32;
const REQUEST_WAIT_MS = 5_000;
const DEADLINE_MS_MAX = 24 * 3_600_000;

export interface ControlServer {
  close(): void;
}

/** Takes requests and answers each with what `handle` resolves to. The caller holds the lock of the supervisor. */
export async function openControlServer(
  paths: HostPaths,
  handle: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<ControlServer> {
  // Whoever left it is gone: the lock is ours.
  rmSync(paths.serveSocket, { force: true });
  const server = createServer((socket) => void answer(socket, handle));
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, reachableSocketPath(paths.serveSocket));
  return {
    close: () => {
      server.close();
      rmSync(paths.serveSocket, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  // The socket gets its mode when it is bound: there is no moment at which others could connect.
  const umask = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve();
    });
    process.umask(umask);
  });
}

async function answer(
  socket: Socket,
  handle: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<void> {
  // A client that goes away changes nothing: what it asked for is carried out.
  socket.on('error', () => undefined);
  socket.setTimeout(REQUEST_WAIT_MS, () => socket.destroy());
  const request = checkRequest(await readLine(socket));
  socket.setTimeout(0);
  if (request === undefined) {
    socket.destroy();
    return;
  }
  const reply = await handle(request);
  if (!socket.destroyed) socket.end(`${JSON.stringify(reply)}\n`);
}

function checkRequest(message: object | undefined): ControlRequest | undefined {
  if (message === undefined || !('do' in message)) return undefined;
  if (message.do === 'status' || message.do === 'stop') return { do: message.do };
  if (message.do !== 'switch' || !('release' in message) || !('deadlineMs' in message)) return undefined;
  const { release, deadlineMs } = message;
  if (typeof release !== 'string' || typeof deadlineMs !== 'number') return undefined;
  return deadlineMs > 0 && deadlineMs <= DEADLINE_MS_MAX ? { do: 'switch', release, deadlineMs } : undefined;
}
