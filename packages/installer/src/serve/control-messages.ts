// What supervisor and commands say to each other on the control socket: one JSON object per line, one request
// per connection, one answer.
import type { Socket } from 'node:net';
import { fstatSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export type ControlRequest =
  | { readonly do: 'switch'; readonly release: string; readonly deadlineMs: number }
  | { readonly do: 'status' }
  | { readonly do: 'stop' };

/** What came of a switch. */
export type SwitchOutcome =
  | { readonly state: 'switched'; readonly durationMs: number }
  | { readonly state: 'failed'; readonly reason: string; readonly output: string };

/** What a supervisor is doing. */
export interface SupervisorStatus {
  readonly pid: number;
  /** `waiting`: there is no release to serve. `failing`: the release crashes again and again. */
  readonly state: 'waiting' | 'starting' | 'serving' | 'switching' | 'failing' | 'stopping';
  readonly listen: string;
  readonly release: string | null;
  /** ISO time since which the release is served. */
  readonly since: string | null;
  readonly workers: number;
  readonly workersReady: number;
  /** Leaders of the workers' process groups. */
  readonly processes: readonly number[];
  readonly restarts: number;
  /** Releases that finish their last requests. */
  readonly draining: readonly string[];
}

export type ControlAnswer = SwitchOutcome | SupervisorStatus | { readonly state: 'stopping' };

export const CONTROL_LINE_BYTES_MAX = 64 * 1024;

/** The first line that arrives, parsed; undefined when the connection ends before, or what comes is no JSON object. */
export function readLine(socket: Socket): Promise<object | undefined> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.length > CONTROL_LINE_BYTES_MAX) socket.destroy();
      else if (text.includes('\n')) resolve(parseObject(text.slice(0, text.indexOf('\n'))));
    });
    socket.once('end', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** sun_path has 108 bytes, the last one for NUL; a longer path would be cut off silently. */
const SOCKET_PATH_BYTES_MAX = 107;

/** A path by which the socket can be bound and reached however deep the root lies: long ones go by a descriptor. */
export function reachableSocketPath(path: string): string {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path;
  // Stays open as long as the process: once per process, and only where it is needed.
  const fd = openSync(dirname(path), 'r');
  return fstatSync(fd).isDirectory() ? `/proc/self/fd/${fd}/${basename(path)}` : path;
}
