// Connections of the supervisor's own to the listening socket, made to find out *which* process accepts them. Old
// and new release accept from one queue, so an answer alone proves nothing; who holds the other end does.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListeningSocket } from './listening-socket.js';
import { socketsOf } from './command-processes.js';
import { acceptedInodes } from './socket-facts.js';

/** Between two looks at who has accepted what. */
const ACCEPT_WAIT_MS = 5;
/** How long connections are held out: a process that has just been started may have to wait for a processor. */
const HOLD_LIMIT_MS = 60;
/** After this the connection is given up and another made. */
const ACCEPT_LIMIT_MS = 250;
const ANSWER_WAIT_MS = 10_000;
const ANSWER_HEAD_BYTES_MAX = 16 * 1024;
const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '0:0:0:0:0:0:0:0': '::1' };

/**
 * True when one of `pids` has accepted a connection of the listener: one of the `count` that are made for the
 * purpose, or any client's. They are held until the look is over: a server that handles one at a time then
 * leaves the next to others.
 */
export async function acceptsConnections(
  listener: ListeningSocket,
  pids: readonly number[],
  count: number,
): Promise<boolean> {
  const before = new Set(pids.flatMap((pid) => [...socketsOf(pid)]));
  const probes = Array.from({ length: count }, () => openConnection(listener));
  try {
    const deadline = performance.now() + HOLD_LIMIT_MS;
    while (performance.now() < deadline) {
      await delay(ACCEPT_WAIT_MS);
      const opened = pids.flatMap((pid) => [...socketsOf(pid)]).filter((inode) => !before.has(inode));
      // The kernel's table says whether it is one of ours. It may be long, so it is read only when there is a question.
      if (opened.length > 0 && containsAny(acceptedInodes(listener.address), opened)) return true;
    }
    return false;
  } finally {
    for (const probe of probes) probe.destroy();
  }
}

function containsAny(set: ReadonlySet<string>, wanted: readonly string[]): boolean {
  return wanted.some((each) => set.has(each));
}

export interface PathAnswer {
  /** Whether one of the processes meant got the connection. */
  readonly isTheirs: boolean;
  /** Undefined when no answer came, or the connection was not theirs. */
  readonly status: number | undefined;
}

/** Asks for a path, if one of `pids` accepts the connection. Never throws. */
export async function askPath(
  listener: ListeningSocket,
  pids: readonly number[],
  path: string,
): Promise<PathAnswer> {
  const before = listener.address.kind === 'unix' ? acceptedInodes(listener.address) : new Set<string>();
  const socket = openConnection(listener);
  try {
    const isTheirs = await isAcceptedBy(pids, { listener, socket, before });
    return { isTheirs, status: isTheirs ? await askStatus(socket, path) : undefined };
  } finally {
    socket.destroy();
  }
}

function openConnection({ address }: ListeningSocket): Socket {
  const socket =
    address.kind === 'unix'
      ? connect(address.path)
      : connect({ host: WILDCARDS[address.host] ?? address.host, port: address.port });
  // A connection that fails is accepted by nobody, which is all that is asked.
  socket.on('error', () => socket.destroy());
  return socket;
}

interface Accepting {
  readonly listener: ListeningSocket;
  readonly socket: Socket;
  /** Connections of a Unix socket that were there before ours; which of the others is ours is not told. */
  readonly before: ReadonlySet<string>;
}

async function isAcceptedBy(
  pids: readonly number[],
  { listener, socket, before }: Accepting,
): Promise<boolean> {
  const deadline = performance.now() + ACCEPT_LIMIT_MS;
  while (performance.now() < deadline && !socket.destroyed) {
    await delay(ACCEPT_WAIT_MS);
    const accepted = [...acceptedInodes(listener.address, socket.localPort)].filter(
      (inode) => !before.has(inode),
    );
    const isTheirs = pids.some((pid) => {
      const held = socketsOf(pid);
      return accepted.some((inode) => held.has(inode));
    });
    // A TCP connection has one other end: if none of them holds it, somebody else does.
    if (isTheirs || (accepted.length > 0 && listener.address.kind === 'tcp')) return isTheirs;
  }
  return false;
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
