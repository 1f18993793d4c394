// Where a supervisor listens, as people write it: HOST:PORT, unix:PATH, fd:N.
import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { SalverError, printable } from '@salver/core';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number };

const PORT_MAX = 65_535;
const FD_MAX = 1_023;

/** Reads an address. Throws E_USAGE. */
export function parseListenAddress(text: string): ListenAddress {
  const address = parseFd(text) ?? parseUnix(text) ?? parseTcp(text);
  if (address !== undefined) return address;
  throw new SalverError('E_USAGE', `not an address to listen on: "${printable(text)}"`, {
    hint: 'write 127.0.0.1:3000, [::1]:3000, unix:/run/shop.sock, or fd:3 for a socket that is handed over',
  });
}

/** The form {@link parseListenAddress} reads. */
export function formatListenAddress(address: ListenAddress): string {
  switch (address.kind) {
    case 'fd':
      return `fd:${address.fd}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'tcp':
      return address.host.includes(':')
        ? `[${address.host}]:${address.port}`
        : `${address.host}:${address.port}`;
  }
}

function parseFd(text: string): ListenAddress | undefined {
  const digits = /^fd:([0-9]{1,4})$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const fd = Number(digits);
  return fd >= 3 && fd <= FD_MAX ? { kind: 'fd', fd } : undefined;
}

function parseUnix(text: string): ListenAddress | undefined {
  if (!text.startsWith('unix:')) return undefined;
  const path = text.slice('unix:'.length);
  // Relative to what would depend on who starts the supervisor.
  return isAbsolute(path) && !path.includes('\0') ? { kind: 'unix', path } : undefined;
}

function parseTcp(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain);
  const port = Number(digits);
  if (host === undefined || isIP(host) !== (bracketed === undefined ? 4 : 6) || port > PORT_MAX)
    return undefined;
  return { kind: 'tcp', host, port };
}
