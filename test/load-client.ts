// Requests without pause while releases are exchanged, with an honest count. It speaks HTTP itself, on plain
// sockets: no agent that hides a broken connection behind a second try.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { VersionAnswer } from './serve-apps.js';

export interface LoadOptions {
  readonly port: number;
  /** Clients that keep their connection as long as the server lets them. */
  readonly keepAlive: number;
  /** Clients that open a connection for every request. */
  readonly oneShot: number;
}

export interface ClientCounts {
  ok: number;
  failed: number;
  /** Answers that name more than one version. */
  mixed: number;
  connections: number;
  slowestMs: number;
  readonly byVersion: Map<string, number>;
  readonly failures: Map<string, number>;
}

export interface LoadCounts {
  readonly keepAlive: ClientCounts;
  readonly oneShot: ClientCounts;
}

export interface Load {
  readonly counts: LoadCounts;
  /** Lets the requests under way finish. */
  stop(): Promise<LoadCounts>;
}

const REQUEST_LIMIT_MS = 15_000;
/** A refused connection comes back at once: it must not be counted ten thousand times. */
const PAUSE_AFTER_FAILURE_MS = 20;

export function startLoad({ port, keepAlive, oneShot }: LoadOptions): Load {
  const counts = { keepAlive: noCounts(), oneShot: noCounts() };
  let isOver = false;
  const client = async (own: ClientCounts, keeps: boolean): Promise<void> => {
    const connection = new Connection(port, own);
    while (!isOver) await requestOnce(connection, own, keeps);
    connection.close();
  };
  const clients = [
    ...Array.from({ length: keepAlive }, () => client(counts.keepAlive, true)),
    ...Array.from({ length: oneShot }, () => client(counts.oneShot, false)),
  ];
  return {
    counts,
    stop: async () => {
      isOver = true;
      await Promise.all(clients);
      return counts;
    },
  };
}

/** All requests of both kinds. */
export function totalOf({ keepAlive, oneShot }: LoadCounts, key: 'ok' | 'failed' | 'mixed'): number {
  return keepAlive[key] + oneShot[key];
}

/** One line for people. */
export function describeCounts(counts: LoadCounts): string {
  const describe = (name: string, each: ClientCounts): string =>
    `${name}: ${each.ok} ok, ${each.failed} failed, ${each.mixed} mixed, ${each.connections} connections, ` +
    `slowest ${Math.round(each.slowestMs)} ms, ${JSON.stringify(Object.fromEntries(each.byVersion))}` +
    (each.failed === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(each.failures))}`);
  return `${describe('keep-alive', counts.keepAlive)}; ${describe('one-shot', counts.oneShot)}`;
}

function noCounts(): ClientCounts {
  return {
    ok: 0,
    failed: 0,
    mixed: 0,
    connections: 0,
    slowestMs: 0,
    byVersion: new Map(),
    failures: new Map(),
  };
}

async function requestOnce(connection: Connection, own: ClientCounts, keeps: boolean): Promise<void> {
  const began = performance.now();
  try {
    const { start, now } = JSON.parse(await connection.get(keeps)) as VersionAnswer;
    own.ok += 1;
    if (start.some((each) => each !== now)) own.mixed += 1;
    own.byVersion.set(now, (own.byVersion.get(now) ?? 0) + 1);
  } catch (error) {
    own.failed += 1;
    const why = error instanceof Error ? error.message : String(error);
    own.failures.set(why, (own.failures.get(why) ?? 0) + 1);
    await delay(PAUSE_AFTER_FAILURE_MS);
  }
  own.slowestMs = Math.max(own.slowestMs, performance.now() - began);
}

interface Waiting {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

class Connection {
  readonly #port: number;
  readonly #counts: ClientCounts;
  #socket: Socket | undefined;
  #received = '';
  #waiting: Waiting | undefined;

  constructor(port: number, counts: ClientCounts) {
    this.#port = port;
    this.#counts = counts;
  }

  /** Sends one request and resolves to the body of its answer. */
  get(keeps: boolean): Promise<string> {
    const socket = this.#socket ?? this.#open();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${keeps ? '' : 'Connection: close\r\n'}\r\n`);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    this.#counts.connections += 1;
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#socket = socket;
    this.#received = '';
    const fail = (error: Error): void => {
      // A connection that was given up has nothing to say any more.
      if (this.#socket !== socket) return;
      this.close();
      this.#waiting?.reject(error);
      this.#waiting = undefined;
    };
    socket.setTimeout(REQUEST_LIMIT_MS, () => fail(new Error('no answer in time')));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(new Error(error.code ?? error.message)));
    socket.on('close', () => fail(new Error('closed without an answer')));
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#readAnswer();
    });
    return socket;
  }

  #readAnswer(): void {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd);
    const bodyLength = Number(/^content-length: *([0-9]+)/im.exec(head)?.[1]);
    const body = this.#received.slice(headEnd + 4);
    if (body.length < bodyLength) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#received = '';
    if (/^connection: *close/im.test(head) || !/^connection: *keep-alive/im.test(head)) this.close();
    if (/^HTTP\/1\.[01] 200 /.test(head)) waiting?.resolve(body);
    else waiting?.reject(new Error(head.slice(0, head.indexOf('\r\n'))));
  }
}
