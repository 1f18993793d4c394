// A connection of the supervisor's own to the listening socket, made to find out *which* process accepts it. Old
// and new release accept from one queue, so an answer alone proves nothing; who holds the other end does.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListeningSocket } from './listening-socket.js';
import { socketsOf } from './process-group.js';
import { acceptedTcpInode, acceptedUnixInodes } from './socket-facts.js';

/** Somebody idle accepts at once; after this the connection is given up and another made. */
const ACCEPT_WAIT_MS = 250;
const ACCEPT_POLL_MS = 2;
const ANSWER_WAIT_MS = 10_000;
const ANSWER_HEAD_BYTES_MAX = 16 * 1024;
const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '0:0:0:0:0:0:0:0': '::1' };

export interface Probe {
  /** The one of `pids` that accepted the connection; undefined when it was another one, or nobody in time. */
  readonly acceptedBy: number | undefined;
  /** Status of the answer to GET; undefined when none was asked for or none came. */
  readonly status: number | undefined;
}

/**
 * Opens one connection and tells whether one of `pids` accepted it. With a path, and only then, it is asked for.
 * Never throws: a connection that fails was accepted by nobody.
 */
export async function probeListener(
  listener: ListeningSocket,
  pids: readonly number[],
  path?: string,
): Promise<Probe> {
  const before = listener.address.kind === 'unix' ? acceptedUnixInodes(listener.address.path) : undefined;
  const socket = await openConnection(listener);
  if (socket === undefined) return { acceptedBy: undefined, status: undefined };
  try {
    const acceptedBy = await findAcceptor({ listener, socket, pids, before });
    const asks = acceptedBy !== undefined && path !== undefined;
    return { acceptedBy, status: asks ? await askStatus(socket, path) : undefined };
  } finally {
    socket.destroy();
  }
}

function openConnection({ address }: ListeningSocket): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket =
      address.kind === 'unix'
        ? connect(address.path)
        : connect({ host: WILDCARDS[address.host] ?? address.host, port: address.port });
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
  });
}

interface Search {
  readonly listener: ListeningSocket;
  readonly socket: Socket;
  readonly pids: readonly number[];
  /** Connections of a Unix socket that were there before ours. */
  readonly before: ReadonlySet<string> | undefined;
}

async function findAcceptor(search: Search): Promise<number | undefined> {
  const deadline = performance.now() + ACCEPT_WAIT_MS;
  while (performance.now() < deadline) {
    const accepted = acceptedInodes(search);
    const owner = search.pids.find((pid) => {
      const held = socketsOf(pid);
      return accepted.some((inode) => held.has(inode));
    });
    if (owner !== undefined) return owner;
    // A TCP connection has one other end: if none of ours holds it, somebody else does.
    if (accepted.length > 0 && search.before === undefined) return undefined;
    await delay(ACCEPT_POLL_MS);
  }
  return undefined;
}

/**
 * Over TCP the other end of this very connection. Of a Unix socket the kernel does not tell which client a
 * connection belongs to: all that were accepted meanwhile; one in the hands of the new release proves as much.
 */
function acceptedInodes({ listener, socket, before }: Search): readonly string[] {
  if (listener.address.kind === 'unix') {
    return [...acceptedUnixInodes(listener.address.path)].filter((inode) => before?.has(inode) !== true);
  }
  const inode = acceptedTcpInode(socket.localPort ?? 0, listener.address.port);
  return inode === undefined ? [] : [inode];
}

function askStatus(socket: Socket, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let head = '';
    const look = (): number | undefined => {
      const digits = /^HTTP\/1\.[01] ([0-9]{3})[ \r]/.exec(head)?.[1];
      return digits === undefined ? undefined : Number(digits);
    };
    socket.setEncoding('latin1').on('data', (text: string) => {
      head += text;
      if (look() !== undefined || head.length > ANSWER_HEAD_BYTES_MAX) resolve(look());
    });
    socket.once('close', () => resolve(look()));
    socket.setTimeout(ANSWER_WAIT_MS, () => resolve(undefined));
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: salver-host\r\nConnection: close\r\n\r\n`,
    );
  });
}
