// When is a started release ready? When it has begun to accept connections, which nothing but the kernel can tell
// for any server, and, if the release names a path, when that path answers well.
//
// A process accepts when one of its group
//   - waits for the listening socket with epoll (Node, uvicorn, uWSGI and most others), or
//   - has accepted a connection that the supervisor made (servers that use select or block in accept, like gunicorn's
//     plain workers).
// The connections are made only while the first sign is missing: a server that is alone with the socket sees few.
import { setTimeout as delay } from 'node:timers/promises';
import type { AppProcess } from './app-process.js';
import type { ListeningSocket } from './listening-socket.js';
import { probeListener } from './probe-connection.js';
import { groupMembers, pollsSocket } from './process-group.js';

const LOOK_MS = 20;
/** Looks before the first connection: most servers show the first sign within this time after their start. */
const LOOKS_BEFORE_PROBE = 10;
const LOOKS_PER_PROBE = 5;
const STATUS_GOOD_MIN = 200;
const STATUS_GOOD_MAX = 399;

/** Resolves when the process accepts connections, or when it ends or the signal aborts before that. */
export async function waitUntilAccepting(
  process: AppProcess,
  listener: ListeningSocket,
  signal: AbortSignal,
): Promise<void> {
  for (let look = 1; process.isRunning && !signal.aborted; look += 1) {
    const members = process.pid === undefined ? [] : groupMembers(process.pid);
    if (
      members.some((pid) => pollsSocket(pid, listener.inode)) ||
      (await acceptsProbe(look, listener, members))
    ) {
      process.isReady = true;
      return;
    }
    await delay(LOOK_MS);
  }
}

async function acceptsProbe(
  look: number,
  listener: ListeningSocket,
  members: readonly number[],
): Promise<boolean> {
  if (look < LOOKS_BEFORE_PROBE || look % LOOKS_PER_PROBE !== 0) return false;
  return (await probeListener(listener, members)).acceptedBy !== undefined;
}

/**
 * Asks for a path until one of the processes itself answers it well. Resolves to undefined then, or when the signal
 * aborts to what the last answer was.
 */
export async function waitUntilAnswering(
  processes: readonly AppProcess[],
  wanted: { readonly listener: ListeningSocket; readonly path: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  let last = 'its processes did not get a connection to answer';
  while (!wanted.signal.aborted) {
    const members = processes.flatMap(({ pid }) => (pid === undefined ? [] : groupMembers(pid)));
    const { acceptedBy, status } = await probeListener(wanted.listener, members, wanted.path);
    if (status !== undefined && status >= STATUS_GOOD_MIN && status <= STATUS_GOOD_MAX) return undefined;
    if (acceptedBy !== undefined)
      last = `${wanted.path} answered ${status === undefined ? 'nothing' : `with status ${status}`}`;
    await delay(LOOK_MS);
  }
  return last;
}
