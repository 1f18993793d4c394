// The other side of the control socket: how commands ask the supervisor of a root, if it has one.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { SalverError, errnoOf } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { reachableSocketPath, readLine } from './control-messages.js';
import type { ControlRequest, SupervisorStatus, SwitchOutcome } from './control-messages.js';

export type SupervisedSwitch =
  /** No supervisor serves this root. */
  | { readonly state: 'none' }
  /** The new release is ready and serves; the old one finishes its requests or is gone. */
  | { readonly state: 'switched'; readonly durationMs: number }
  /** The old release still serves. */
  | { readonly state: 'failed'; readonly reason: string; readonly output: string };

export interface SwitchSupervisedOptions {
  /** How long the new release may take to become ready. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The supervisor may have to finish another switch first, and lets the new release settle. */
const ANSWER_MARGIN_MS = 30_000;
const STATUS_WAIT_MS = 2_000;

/**
 * Has the supervisor serve `release`, a directory name below releases/. A release that it serves already is left as it
 * is. Throws E_INTERRUPTED when the signal aborts; the supervisor then finishes by itself what it has begun.
 */
export async function switchSupervised(
  paths: HostPaths,
  release: string,
  options: SwitchSupervisedOptions,
): Promise<SupervisedSwitch> {
  const { deadlineMs, signal } = options;
  const connection = await openControl(paths);
  if (connection === 'none') return { state: 'none' };
  if (typeof connection === 'string') {
    return { state: 'failed', reason: `the supervisor cannot be asked: ${connection}`, output: '' };
  }
  const request = { do: 'switch', release, deadlineMs } as const;
  const answer = await ask(connection, request, { waitMs: deadlineMs + ANSWER_MARGIN_MS, signal });
  if (signal?.aborted === true)
    throw new SalverError('E_INTERRUPTED', `interrupted while ${release} was starting`);
  if (answer !== undefined && 'state' in answer) return answer as SwitchOutcome;
  return { state: 'failed', reason: 'the supervisor ended or did not answer', output: '' };
}

/** What the supervisor of this root does; undefined when there is none that can be asked. */
export async function supervisorStatus(paths: HostPaths): Promise<SupervisorStatus | undefined> {
  const connection = await openControl(paths);
  if (typeof connection === 'string') return undefined;
  const answer = await ask(connection, { do: 'status' }, { waitMs: STATUS_WAIT_MS });
  return answer !== undefined && 'pid' in answer ? (answer as SupervisorStatus) : undefined;
}

/** `none` when nobody listens there; otherwise the connection, or the system's error. */
function openControl(paths: HostPaths): Promise<Socket | 'none' | (string & {})> {
  return new Promise((resolve) => {
    let path: string;
    try {
      path = reachableSocketPath(paths.serveSocket);
    } catch (error) {
      resolve(errnoOf(error) === 'ENOENT' ? 'none' : (errnoOf(error) ?? String(error)));
      return;
    }
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.on('error', (error) => {
      const errno = errnoOf(error) ?? error.message;
      resolve(errno === 'ENOENT' || errno === 'ECONNREFUSED' ? 'none' : errno);
    });
  });
}

async function ask(
  socket: Socket,
  request: ControlRequest,
  limits: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<object | undefined> {
  const end = (): void => void socket.destroy();
  const timer = setTimeout(end, limits.waitMs);
  limits.signal?.addEventListener('abort', end);
  if (limits.signal?.aborted === true) end();
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    return await readLine(socket);
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener('abort', end);
    socket.destroy();
  }
}
