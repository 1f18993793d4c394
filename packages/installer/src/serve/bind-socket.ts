// A listening socket that this process owns and never accepts from. Node has no such thing: `net.Server` accepts as
// soon as its loop turns, which would steal connections from the app. So the work is split:
//
// - bind: with the function by which node:cluster makes the sockets that it shares with its workers. It creates
//   and binds a handle and stops there. It is exported, though not documented; where it is missing, serve says so and
//   works with a socket handed over by systemd.
// - listen: by a short-lived Node process that inherits the socket, calls listen(2) on it and ends before its loop
//   turns for the first time: it cannot accept. The state belongs to the socket, so it stays when the process is gone.
//
// Clients that come before the app is ready wait in the kernel's queue instead of being refused.
import { spawnSync } from 'node:child_process';
import { lstatSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { SalverError } from '@salver/core';
import { formatListenAddress } from './listen-address.js';
import type { ListenAddress } from './listen-address.js';

/** A bound handle of Node's. As long as it is referenced, its socket stays open. */
interface BoundHandle {
  readonly fd: number;
  getsockname?(out: { port?: number }): number;
  close(): void;
}

type CreateServerHandle = (address: string, port: number, type: 4 | 6 | -1) => BoundHandle | number;

/** A socket that listens. Nobody accepts from it before it is handed to an app. */
export interface BoundSocket {
  readonly fd: number;
  close(): void;
}

type BindableAddress = Exclude<ListenAddress, { readonly kind: 'fd' }>;

/** How many connections wait for an app that is not ready; the kernel may allow fewer (net.core.somaxconn). */
const BACKLOG = 2_048;
const LISTEN_SCRIPT = `require('net').createServer().listen({ fd: 3, backlog: ${BACKLOG} }); process.exit(0)`;

/** Binds and listens. Throws E_ADDRESS_UNUSABLE; `facts.errno` is EADDRINUSE when somebody has the address. */
export async function bindSocket(address: BindableAddress): Promise<BoundSocket> {
  if (address.kind === 'unix') await removeStaleSocket(address);
  const handle = createHandle(address);
  const { status } = spawnSync(process.execPath, ['-e', LISTEN_SCRIPT], {
    stdio: ['ignore', 'ignore', 'ignore', handle.fd],
    env: {},
  });
  if (status !== 0) {
    handle.close();
    throw unusable(address, 'EADDRINUSE');
  }
  return { fd: handle.fd, close: () => handle.close() };
}

function createHandle(address: BindableAddress): BoundHandle {
  const { _createServerHandle: create } = createRequire(import.meta.url)('node:net') as {
    readonly _createServerHandle?: CreateServerHandle;
  };
  if (typeof create !== 'function') {
    throw new SalverError('E_ADDRESS_UNUSABLE', `Node ${process.version} cannot bind a socket for others`, {
      hint: 'let systemd own the socket: see `salver-host units`',
    });
  }
  const handle =
    address.kind === 'unix'
      ? create(address.path, -1, -1)
      : create(address.host, address.port, address.host.includes(':') ? 6 : 4);
  if (typeof handle === 'number') throw unusable(address, getSystemErrorName(handle));
  if (address.kind === 'tcp' && !isBound(handle)) {
    handle.close();
    throw unusable(address, 'EADDRINUSE');
  }
  return handle;
}

/** libuv keeps EADDRINUSE of bind(2) back until listen(2), which is called elsewhere: so look whether it is bound. */
function isBound(handle: BoundHandle): boolean {
  const name: { port?: number } = {};
  return handle.getsockname?.(name) === 0 && (name.port ?? 0) !== 0;
}

/** A killed server leaves its socket file behind, and the name can then not be bound. */
async function removeStaleSocket(address: ListenAddress & { readonly kind: 'unix' }): Promise<void> {
  const stats = lstatSync(address.path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket() || (await answers(address.path))) throw unusable(address, 'EADDRINUSE');
  rmSync(address.path, { force: true });
}

/** True when somebody listens on a Unix socket. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'somebody listens there already',
  EADDRNOTAVAIL: 'the host has no such address',
  EACCES: 'permission denied',
  ENOENT: 'its directory does not exist',
};

function unusable(address: ListenAddress, errno: string): SalverError {
  const text = formatListenAddress(address);
  return new SalverError('E_ADDRESS_UNUSABLE', `cannot listen on ${text}: ${REASONS[errno] ?? errno}`, {
    hint:
      errno === 'EACCES'
        ? 'let systemd own the socket: see `salver-host units`'
        : 'choose another with --listen',
    facts: { errno, address: text },
  });
}
