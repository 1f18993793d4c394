// A supervisor under test, started as a user would start it, and its control socket seen from outside.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeEnd, runProgram, startProgram } from './product-harness.js';
import type { ProgramResult, RunningProgram } from './product-harness.js';

export interface StatusAnswer {
  readonly pid: number;
  readonly state: string;
  readonly release: string | null;
  readonly workers: number;
  readonly workersReady: number;
  readonly processes: readonly number[];
  readonly restarts: number;
  readonly draining: readonly string[];
}

export interface SwitchAnswer {
  readonly state: 'switched' | 'failed';
  readonly durationMs?: number;
  readonly reason?: string;
  readonly output?: string;
}

const WAIT_MS = 30_000;
const POLL_MS = 20;

export class Supervised {
  readonly root: string;
  readonly program: RunningProgram;
  #stderr = '';

  private constructor(root: string, program: RunningProgram) {
    this.root = root;
    this.program = program;
    program.child.stderr?.on('data', (piece: Buffer) => (this.#stderr += piece.toString('utf8')));
  }

  /** Starts `salver-host serve` on a free port and waits until it listens. */
  static async start(root: string, ...options: readonly string[]): Promise<Supervised> {
    const listen = options.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const program = startProgram('salver-host', ['serve', '--root', root, ...listen, ...options]);
    const supervised = new Supervised(root, program);
    await Promise.race([
      until('it listens', () => supervised.#stderr.includes('listening on')),
      program.ended.then((end) => assert.fail(`serve ended: ${describeEnd(end)}`)),
    ]);
    return supervised;
  }

  /** What the supervisor has told so far. */
  get told(): string {
    return this.#stderr;
  }

  get port(): number {
    return Number(/listening on \S+:([0-9]+)/.exec(this.#stderr)?.[1]);
  }

  async status(): Promise<StatusAnswer> {
    return (await ask(this.root, { do: 'status' })) as StatusAnswer;
  }

  async untilServing(release: string): Promise<StatusAnswer> {
    let status: StatusAnswer | undefined;
    await until(`${release} serves`, async () => {
      status = await this.status();
      return status.release === release && status.state === 'serving';
    });
    return status as unknown as StatusAnswer;
  }

  /** Has the supervisor take a release over, as `activate` does behind its rename; `current` stays as it is. */
  async switchTo(release: string, deadlineMs = WAIT_MS): Promise<SwitchAnswer> {
    return (await ask(this.root, { do: 'switch', release, deadlineMs })) as SwitchAnswer;
  }

  /** Sends SIGTERM and waits for the end. */
  async stop(): Promise<ProgramResult> {
    this.program.child.kill('SIGTERM');
    return this.program.ended;
  }

  /** For `after` of a test that may have failed half-way: ends supervisor and apps, however they are. */
  async clear(): Promise<void> {
    this.program.child.kill('SIGKILL');
    await this.program.ended;
    for (const pid of processesOf(this.root)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
    }
  }
}

/** Makes a release current; a supervisor of the root takes it over. */
export async function activate(root: string, release: string): Promise<void> {
  await runHost('activate', release, '--root', root);
}

/** Goes back to the release before. */
export async function rollBack(root: string): Promise<void> {
  await runHost('rollback', '--root', root);
}

async function runHost(...args: readonly string[]): Promise<void> {
  const result = await runProgram('salver-host', args);
  assert.equal(result.status, 0, describeEnd(result));
}

/** One request on the control socket, one answer. */
export async function ask(root: string, request: object): Promise<unknown> {
  const socket = connect(join(root, '.salver/serve/serve.sock'));
  socket.setEncoding('utf8').write(`${JSON.stringify(request)}\n`);
  let text = '';
  socket.on('data', (piece: string) => (text += piece));
  await once(socket, 'close');
  return JSON.parse(text);
}

/** Polls until the condition holds; fails after half a minute. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `waited in vain until ${what}`);
    await delay(POLL_MS);
  }
}

/** Processes that were started for a release of the root. */
export function processesOf(root: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(`SALVER_ROOT=${root}\0`));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}
