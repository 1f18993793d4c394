// Real servers for tests: found or left out with a reason, started on a free port of the loopback, ended by their pid.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const START_MS = 60_000;

/** Waits until something listens. Throws with what the server has said when it ends instead. */
export async function waitForPort(port: number, isAlive: () => string | undefined): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    const ended = isAlive();
    if (ended !== undefined) throw new Error(ended);
    if (await canConnect(port)) return;
    await delay(100);
  }
  throw new Error(`nothing listens on port ${port} after ${START_MS} ms`);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

export interface StartedProcess {
  readonly child: ChildProcess;
  /** Undefined while it runs, else how it ended and what it said. */
  readonly ended: () => string | undefined;
  stop(): Promise<void>;
}

const OUTPUT_CHARACTERS = 4000;

/** A server that stays in the foreground. */
export function startProcess(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): StartedProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  let end: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-OUTPUT_CHARACTERS)));
  }
  child.on('error', (error) => (end = error.message));
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  child.on('close', (code, signal) => (end ??= `${program} ended with ${code ?? signal}: ${said}`));
  return {
    child,
    ended: () => end,
    stop: async () => {
      if (end !== undefined) return;
      child.kill('SIGTERM');
      await closed;
    },
  };
}
