// The socket that outlives every release: handed over by systemd, or bound by the supervisor itself.
import { SalverError } from '@salver/core';
import { bindSocket } from './bind-socket.js';
import { formatListenAddress } from './listen-address.js';
import type { ListenAddress } from './listen-address.js';
import { listenerFacts } from './socket-facts.js';
import type { ListenerFacts } from './socket-facts.js';

export interface ListeningSocket extends ListenerFacts {
  /** Descriptor in this process, to be handed to children. */
  readonly fd: number;
  /** For people: `127.0.0.1:3000`. */
  readonly name: string;
  close(): void;
}

/** First descriptor that systemd hands over (sd_listen_fds). */
const LISTEN_FDS_START = 3;

/** The socket systemd handed to this process, or undefined. Throws E_ADDRESS_UNUSABLE when there are several. */
export function handedOverAddress(
  env: Readonly<Record<string, string | undefined>>,
): ListenAddress | undefined {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = env;
  if (pid !== String(process.pid) || count === undefined || count === '0') return undefined;
  if (count === '1') return { kind: 'fd', fd: LISTEN_FDS_START };
  throw new SalverError('E_ADDRESS_UNUSABLE', `systemd handed over ${count} sockets; serve keeps one`, {
    hint: 'give the .socket unit one ListenStream=',
  });
}

/** Opens the socket. Throws E_ADDRESS_UNUSABLE. */
export async function openListeningSocket(address: ListenAddress): Promise<ListeningSocket> {
  const bound =
    address.kind === 'fd' ? { fd: address.fd, close: () => undefined } : await bindSocket(address);
  const facts = listenerFacts(bound.fd);
  if (facts !== undefined) return { ...facts, ...bound, name: formatListenAddress(facts.address) };
  bound.close();
  throw new SalverError(
    'E_ADDRESS_UNUSABLE',
    process.platform === 'linux'
      ? `${formatListenAddress(address)} is not a listening stream socket`
      : `serve needs Linux: it asks /proc which process accepts connections`,
    { hint: 'hand over a stream socket that listens, or let serve bind one with --listen' },
  );
}
