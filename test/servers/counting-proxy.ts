// Counts what goes over the wire between programs and a server: connections, requests, bytes both ways.
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Traffic {
  requests: number;
  /** From the programs, headers included. */
  sentBytes: number;
  /** From the server, headers included. */
  receivedBytes: number;
}

export interface CountingProxy {
  readonly port: number;
  readonly traffic: Traffic;
  forget(): void;
  stop(): Promise<void>;
}

const REQUEST_LINE = /(?:^|\n)(?:GET|HEAD|PUT|POST|DELETE) \/[^\r\n]* HTTP\/1\.1\r/g;

/** Stands before a server on the loopback. */
export async function startCountingProxy(serverPort: number): Promise<CountingProxy> {
  const traffic: Traffic = { requests: 0, sentBytes: 0, receivedBytes: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (piece) => {
      traffic.sentBytes += piece.length;
      traffic.requests += piece.toString('latin1').match(REQUEST_LINE)?.length ?? 0;
    });
    upstream.on('data', (piece) => (traffic.receivedBytes += piece.length));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    traffic,
    forget: () => Object.assign(traffic, { requests: 0, sentBytes: 0, receivedBytes: 0 }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
