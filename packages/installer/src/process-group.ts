// A command of the app in a process group of its own, so that it can be ended with everything it has started.
// What leaves the group on purpose (setsid) escapes: services belong to systemd or `serve`, not to hooks.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '@salver/core';
import { groupMembers } from './serve/command-processes.js';
import type { OutputCapture } from './output-capture.js';

/** How a command ended by itself. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'not-started'; readonly errno: string };

export interface GroupOptions {
  /** For `sh -c`. */
  readonly command: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: OutputCapture;
}

/** How long what was written just before the end may take to arrive. */
const DRAIN_MS = 250;
const POLL_MS = 25;
const KILL_WAIT_MS = 5_000;

export class ProcessGroup {
  readonly #child: ChildProcess;
  /** Settles when the command itself has ended, whatever it left running. Never rejects. */
  readonly ended: Promise<CommandEnd>;
  #hasEnded = false;

  constructor({ command, directory, env, output }: GroupOptions) {
    this.#child = spawn('sh', ['-c', command], {
      cwd: directory,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => output.add(chunk));
      stream?.on('error', () => undefined);
    }
    this.ended = new Promise<CommandEnd>((resolve) => {
      this.#child.once('error', (error) =>
        resolve({ kind: 'not-started', errno: errnoOf(error) ?? error.message }),
      );
      this.#child.once('exit', (code, signal) =>
        resolve(code === null ? { kind: 'killed', by: signal ?? 'a signal' } : { kind: 'exited', code }),
      );
    }).then((end) => {
      this.#hasEnded = true;
      return end;
    });
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Ends the whole group: SIGTERM first, SIGKILL after `graceMs`. A grandchild that holds the output open must not
   * keep anybody waiting, so the pipes are closed after a moment.
   */
  async stop(graceMs: number): Promise<void> {
    const until = Date.now() + graceMs;
    if (this.#signal('SIGTERM')) {
      while (this.#isAlive() && Date.now() < until) await delay(POLL_MS);
      this.#signal('SIGKILL');
    }
    // Even SIGKILL waits for a system call that hangs, e.g. on a dead network disk.
    await Promise.race([this.ended, delay(KILL_WAIT_MS)]);
    await this.#drain();
  }

  async #drain(): Promise<void> {
    const streams = [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null);
    const open = streams.filter((stream) => !stream.closed);
    const closed = open.map(
      (stream) => new Promise<void>((resolve) => stream.once('close', () => resolve())),
    );
    await Promise.race([Promise.all(closed), delay(DRAIN_MS)]);
    for (const stream of streams) stream.destroy();
  }

  /** Dead members whose parent does not ask for their status, as in many containers, do not count. */
  #isAlive(): boolean {
    if (!this.#signal(0)) return false;
    const { pid = 0 } = this.#child;
    return !existsSync('/proc') || groupMembers(pid).length > 0;
  }

  /** False when there is nobody left in the group. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      process.kill(-pid, signal);
      return true;
    } catch {
      return false;
    }
  }
}
