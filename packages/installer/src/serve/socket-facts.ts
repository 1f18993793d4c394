// What the kernel tells about sockets in /proc: which one a descriptor is, where it listens, and which connection
// of ours became which socket of the process that accepted it.
import { readFileSync, readlinkSync } from 'node:fs';
import type { ListenAddress } from './listen-address.js';

/** A listening socket as the kernel sees it: the same for every process that holds it. */
export interface ListenerFacts {
  readonly inode: string;
  readonly address: Exclude<ListenAddress, { readonly kind: 'fd' }>;
}

const STATE_LISTEN = '0A';
const UNIX_STATE_CONNECTED = '03';
const TCP_TABLES = ['tcp', 'tcp6'] as const;

/** Facts of the listening stream socket that is open as `fd` here; undefined when it is none. */
export function listenerFacts(fd: number): ListenerFacts | undefined {
  const inode = socketInode(`/proc/self/fd/${fd}`);
  if (inode === undefined) return undefined;
  for (const table of TCP_TABLES) {
    const row = tcpRows(table).find((each) => each.inode === inode && each.state === STATE_LISTEN);
    if (row !== undefined) return { inode, address: { kind: 'tcp', ...row.local } };
  }
  const path = unixRows().find((each) => each.inode === inode && each.listens)?.path;
  return path === undefined ? undefined : { inode, address: { kind: 'unix', path } };
}

/** Inode of the socket a link in /proc/PID/fd leads to; undefined when it is something else or gone. */
export function socketInode(link: string): string | undefined {
  try {
    return /^socket:\[([0-9]+)\]$/.exec(readlinkSync(link))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Accepted connections of a listener, by the inode of the server's end: a connection in the queue has none yet.
 * Of a Unix socket the kernel tells no more than that; over TCP `clientPort` picks the one from that port.
 */
export function acceptedInodes(address: ListenerFacts['address'], clientPort?: number): ReadonlySet<string> {
  if (address.kind === 'unix') {
    const rows = unixRows().filter(
      ({ path, state }) => path === address.path && state === UNIX_STATE_CONNECTED,
    );
    return new Set(rows.map(({ inode }) => inode));
  }
  // A busy host has tens of thousands of rows: they are searched as text, not taken apart.
  const remotePort = clientPort === undefined ? '[0-9A-F]{4}' : hexPort(clientPort);
  const pattern = new RegExp(
    ` [0-9A-F]+:${hexPort(address.port)} [0-9A-F]+:${remotePort} 0[18] \\S+ \\S+ \\S+ +[0-9]+ +[0-9]+ ([1-9][0-9]*) `,
    'g',
  );
  const found = TCP_TABLES.flatMap((table) => [...readTable(`/proc/net/${table}`).matchAll(pattern)]);
  return new Set(found.flatMap(([, inode]) => (inode === undefined ? [] : [inode])));
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

interface TcpEnd {
  readonly host: string;
  readonly port: number;
}

interface TcpRow {
  readonly local: TcpEnd;
  readonly state: string;
  readonly inode: string;
}

function tcpRows(table: (typeof TCP_TABLES)[number]): readonly TcpRow[] {
  return tableLines(`/proc/net/${table}`).flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || state === undefined || inode === undefined) return [];
    return [{ local: tcpEnd(local), state, inode }];
  });
}

/** `0100007F:1F90` → 127.0.0.1, 8080: words of four bytes in the byte order of the machine. */
function tcpEnd(text: string): TcpEnd {
  const [address = '', port = ''] = text.split(':');
  const bytes = Buffer.from(address, 'hex');
  // All machines that Node runs on nowadays, but for s390x, are little-endian.
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) bytes.swap32();
  const host =
    bytes.length === 4
      ? bytes.join('.')
      : Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
  return { host, port: Number.parseInt(port, 16) };
}

interface UnixRow {
  readonly inode: string;
  readonly state: string;
  readonly listens: boolean;
  readonly path: string;
}

/** Bit of the flags column: the socket listens. */
const UNIX_FLAG_LISTENS = 0x1_0000;

function unixRows(): readonly UnixRow[] {
  return tableLines('/proc/net/unix').flatMap((line) => {
    const [, flags, state, inode, path] = /^\S+ \S+ \S+ (\S+) \S+ (\S+) +([0-9]+) (.+)$/.exec(line) ?? [];
    if (flags === undefined || state === undefined || inode === undefined || path === undefined) return [];
    return [{ inode, state, path, listens: (Number.parseInt(flags, 16) & UNIX_FLAG_LISTENS) !== 0 }];
  });
}

function tableLines(path: string): readonly string[] {
  return readTable(path).split('\n').slice(1, -1);
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
