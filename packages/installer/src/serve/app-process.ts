// One process of a release that serves, and everything it starts. It leads a group and a session of its own: the
// end of one must reach all of its own children and nobody else's.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { bootId, errnoOf, startTicksOf } from '@salver/core';
import type { ProcessIdentity } from '../process-identity.js';
import { OutputTail } from './output-tail.js';
import type { LogSink } from './output-tail.js';
import { groupMembers, signalEach } from './command-processes.js';
import { startScript } from './start-command.js';

export interface AppCommand {
  /** As configured in the release: `node server.js`. */
  readonly start: string;
  /** The resolved release. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The listening socket; the child finds it as descriptor 3. */
  readonly socketFd: number;
}

export interface AppLog {
  readonly sink: LogSink;
  /** Before every line; undefined passes bytes as they are. */
  readonly prefix: string | undefined;
}

/** Between two looks at a group whose processes are not all children of ours. */
const GROUP_POLL_MS = 50;
/** The kernel may take its time to end a killed process that waits for a disk. */
const KILL_WAIT_MS = 5_000;

export class AppProcess {
  readonly startedAtMs = performance.now();
  /** How it ended, in words: `exited with status 1`, `was ended by SIGKILL`. */
  readonly ended: Promise<string>;
  /** True once a process of the group was seen accepting. */
  isReady = false;
  readonly #child: ChildProcess;
  readonly #tail = new OutputTail();
  #isRunning: boolean;
  #identity: ProcessIdentity | undefined;

  constructor(command: AppCommand, log: AppLog) {
    this.#child = spawn('/bin/sh', ['-c', startScript(command.start)], {
      cwd: command.directory,
      env: command.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', command.socketFd],
    });
    const { pid, stdout, stderr } = this.#child;
    if (stdout !== null) this.#tail.follow(stdout, log.sink, log.prefix);
    if (stderr !== null) this.#tail.follow(stderr, log.sink, log.prefix);
    this.#isRunning = pid !== undefined;
    if (pid !== undefined) this.#identity = { pid, startTicks: startTicksOf(pid), bootId: bootId() };
    this.ended = this.#waitForEnd();
  }

  /** Undefined when it could not even be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#tail.text;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /**
   * SIGTERM to the leader, as service managers do it: it knows how to end its workers. When it is gone, the rest of
   * the group is asked too; after `drainMs` the group is killed. Resolves when nobody is left, to false if it came
   * to a kill.
   */
  async end(drainMs: number): Promise<boolean> {
    const { pid } = this;
    if (pid === undefined) return true;
    const deadline = performance.now() + drainMs;
    if (this.#isRunning) this.#child.kill('SIGTERM');
    await Promise.race([this.ended, delay(drainMs, undefined, { ref: false })]);
    return endGroup(pid, deadline - performance.now());
  }

  async #waitForEnd(): Promise<string> {
    const end = await new Promise<string>((resolve) => {
      this.#child.once('error', (error) =>
        resolve(`could not be started: ${errnoOf(error) ?? error.message}`),
      );
      this.#child.once('exit', (code, signal) =>
        resolve(signal === null ? `exited with status ${code}` : `was ended by ${signal}`),
      );
    });
    this.#isRunning = false;
    // What it printed last may still be in the pipe; one that its children hold open does not end.
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    await Promise.race([closed, delay(GROUP_POLL_MS, undefined, { ref: false })]);
    return end;
  }
}

/**
 * Ends what is left of the group of `leader`: SIGTERM unless the leader still runs (it has had one), SIGKILL after
 * `graceMs`. Resolves to false if it came to a kill.
 */
export async function endGroup(leader: number, graceMs: number): Promise<boolean> {
  const left = groupMembers(leader);
  if (!left.includes(leader)) signalEach(left, 'SIGTERM');
  if (await isEmptyWithin(leader, graceMs)) return true;
  signalEach(groupMembers(leader), 'SIGKILL');
  await isEmptyWithin(leader, KILL_WAIT_MS);
  return false;
}

async function isEmptyWithin(leader: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (groupMembers(leader).length === 0) return true;
    if (performance.now() >= deadline) return false;
    await delay(GROUP_POLL_MS);
  }
}
