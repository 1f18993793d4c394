// When is a started release ready? When it has begun to accept connections, which nothing but the kernel can tell
// for any server, and, if the release names a path, when that path answers well.
//
// A process accepts when one of its group
//   - waits for the listening socket with epoll (Node, uvicorn, uWSGI and most others), or
//   - holds a connection that was accepted from it (servers that use select or block in accept, like gunicorn's
//     plain workers). The supervisor makes such connections, more with every look, while the first sign is missing.
import { setTimeout as delay } from 'node:timers/promises';
import type { AppProcess } from './app-process.js';
import type { ListeningSocket } from './listening-socket.js';
import { acceptsConnections, askPath } from './probe-connection.js';
import { groupMembers, pollsSocket } from './command-processes.js';

const LOOK_MS = 20;
/** Between two looks, as a multiple of the time the last one took: a host with many sockets is not kept busy. */
const REST_RATIO = 3;
/** Looks before the first connection: most servers show the first sign within this time after their start. */
const LOOKS_BEFORE_PROBE = 10;
/** An old release with so many workers that handle one connection each cannot take all that are made. */
const PROBES_MAX = 16;
const STATUS_GOOD_MIN = 200;
const STATUS_GOOD_MAX = 399;

/** Resolves when the process accepts connections, or when it ends or the signal aborts before that. */
export async function waitUntilAccepting(
  process: AppProcess,
  listener: ListeningSocket,
  signal: AbortSignal,
): Promise<void> {
  for (let look = 1; process.isRunning && !signal.aborted; look += 1) {
    const began = performance.now();
    process.isReady = await isAccepting(process, listener, look);
    if (process.isReady) return;
    await delay(Math.max(LOOK_MS, REST_RATIO * (performance.now() - began)));
  }
}

async function isAccepting({ pid }: AppProcess, listener: ListeningSocket, look: number): Promise<boolean> {
  const members = pid === undefined ? [] : groupMembers(pid);
  if (members.some((each) => pollsSocket(each, listener.inode))) return true;
  const probes = Math.min(PROBES_MAX, 2 ** (look - LOOKS_BEFORE_PROBE));
  return probes > 1 && acceptsConnections(listener, members, probes);
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
    const { isTheirs, status } = await askPath(wanted.listener, members, wanted.path);
    if (status !== undefined && status >= STATUS_GOOD_MIN && status <= STATUS_GOOD_MAX) return undefined;
    if (isTheirs)
      last = `${wanted.path} answered ${status === undefined ? 'nothing' : `with status ${status}`}`;
    await delay(LOOK_MS);
  }
  return last;
}
