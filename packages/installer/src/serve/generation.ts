// The processes of one release that serve together: started together, replaced one by one when they crash, ended
// together when another release has taken over.
import { setTimeout as delay } from 'node:timers/promises';
import { AppProcess } from './app-process.js';
import type { AppCommand } from './app-process.js';
import type { ListeningSocket } from './listening-socket.js';
import type { LogSink } from './output-tail.js';
import { waitUntilAccepting, waitUntilAnswering } from './readiness.js';
import type { ServeSettings } from './serve-settings.js';
import { startEnvironment } from './start-command.js';

export interface GenerationOptions extends Omit<AppCommand, 'socketFd'> {
  readonly release: string;
  readonly listener: ListeningSocket;
  readonly settings: ServeSettings;
  readonly log: LogSink;
  /** The log gets the release's name before every line. */
  readonly prefixLines: boolean;
  /** Tells people what happens to the processes. */
  readonly report: (line: string) => void;
  /** Called whenever a process was started or has ended. */
  readonly onChange: () => void;
}

/** Undefined: ready. Otherwise why not. */
export type StartFailure = { readonly reason: string; readonly output: string } | undefined;

const POLL_MS = 10;
const BACK_OFF_FIRST_MS = 250;
const BACK_OFF_MAX_MS = 30_000;
/** A process that ran this long has started well: its crash begins a new count. */
const STEADY_MS = 60_000;
/** So many crashes in a row are a crash loop. */
const CRASHES_MAX = 5;

/** How long to wait before the start that follows the n-th crash in a row. */
export function backOffMs(crashes: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (crashes - 1));
}

export class Generation {
  readonly startedAt = new Date();
  readonly release: string;
  readonly #options: GenerationOptions;
  readonly #processes: AppProcess[] = [];
  /** Groups of crashed processes that are being cleared away. */
  readonly #leftovers = new Set<Promise<unknown>>();
  readonly #crashes: number[];
  readonly #over = new AbortController();
  #restarts = 0;
  #isKept = false;

  constructor(options: GenerationOptions) {
    this.#options = options;
    this.release = options.release;
    this.#crashes = Array.from({ length: options.settings.workers }, () => 0);
  }

  get processes(): readonly AppProcess[] {
    return this.#processes;
  }

  /** How often a process was started anew after a crash. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How long it may take to become ready. */
  get readyMs(): number {
    return this.#options.settings.readyMs;
  }

  get isReady(): boolean {
    return this.#processes.length > 0 && this.#processes.every((each) => each.isRunning && each.isReady);
  }

  /** Some process crashes again and again. It is still started anew, at long intervals. */
  get isFailing(): boolean {
    return this.#crashes.some((crashes) => crashes >= CRASHES_MAX);
  }

  start(): void {
    for (let worker = 0; worker < this.#options.settings.workers; worker += 1) this.#startWorker(worker);
  }

  /** From now on a process that ends is started anew. */
  keepRunning(): void {
    this.#isKept = true;
    this.#processes.forEach((each, worker) => {
      if (!each.isRunning) void this.#restart(worker, each);
    });
  }

  /** Waits until all processes serve and have done so for the settle time. The first that ends is a failure. */
  async becomeReady(deadlineMs: number, signal: AbortSignal): Promise<StartFailure> {
    const deadline = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs)));
    const stopped = AbortSignal.any([deadline, signal, this.#over.signal]);
    const firstEnd = Promise.race(this.#processes.map(async (each) => ({ each, end: await each.ended })));
    const failed = await Promise.race([
      firstEnd.then(({ each, end }) => ({ reason: `it ${end} before it was ready`, output: each.output })),
      this.#proveReady(stopped, `within ${Math.round(deadlineMs / 100) / 10} s`),
    ]);
    if (signal.aborted) return { reason: 'the supervisor is stopping', output: '' };
    return failed;
  }

  /** Lets the processes finish what they have begun, and ends them. Nothing is started any more. */
  async drain(): Promise<void> {
    this.#over.abort();
    const { drainMs } = this.#options.settings;
    const ends = await Promise.all(this.#processes.map((each) => each.end(drainMs)));
    if (ends.includes(false)) {
      this.#options.report(`${this.release} was still busy after ${drainMs / 1000} s and was killed`);
    }
    await Promise.all(this.#leftovers);
  }

  /** Ends everything at once, without a drain. */
  kill(): void {
    this.#over.abort();
    for (const each of this.#processes) void each.end(0);
  }

  async #proveReady(stopped: AbortSignal, limit: string): Promise<StartFailure> {
    const { listener, settings } = this.#options;
    while (!stopped.aborted && !this.#processes.every((each) => each.isReady)) await delay(POLL_MS);
    const { readyPath } = settings;
    if (!stopped.aborted && readyPath !== undefined) {
      const answer = await waitUntilAnswering(this.#processes, {
        listener,
        path: readyPath,
        signal: stopped,
      });
      if (answer !== undefined) return this.#notReady(`${answer} ${limit}`);
    }
    if (stopped.aborted) {
      return this.#notReady(
        `it did not accept a connection on the socket it was given (descriptor 3) ${limit}`,
      );
    }
    await delay(settings.settleMs);
    return undefined;
  }

  #notReady(reason: string): StartFailure {
    return { reason, output: this.#processes.map((each) => each.output).join('') };
  }

  #startWorker(worker: number): void {
    const { start, directory, env, listener, log, prefixLines, release, onChange } = this.#options;
    const started = new AppProcess(
      { start, directory, env: startEnvironment(env, worker), socketFd: listener.fd },
      { sink: log, prefix: prefixLines ? `${release} | ` : undefined },
    );
    this.#processes[worker] = started;
    onChange();
    void waitUntilAccepting(started, listener, this.#over.signal);
    void started.ended.then((end) => {
      if (this.#over.signal.aborted) return;
      this.#options.report(`${release}: process ${started.pid ?? 'none'} ${end}`);
      onChange();
      if (this.#isKept) void this.#restart(worker, started);
    });
  }

  async #restart(worker: number, crashed: AppProcess): Promise<void> {
    this.#clearAway(crashed);
    const ranMs = performance.now() - crashed.startedAtMs;
    const crashes = ranMs > STEADY_MS ? 1 : (this.#crashes[worker] ?? 0) + 1;
    this.#crashes[worker] = crashes;
    const { report, release } = this.#options;
    if (crashes === CRASHES_MAX) report(`${release} crashes again and again; activate another release`);
    await delay(backOffMs(crashes), undefined, { signal: this.#over.signal }).catch(() => undefined);
    if (this.#over.signal.aborted) return;
    this.#restarts += 1;
    this.#startWorker(worker);
  }

  /** A leader that crashed may leave workers behind: they finish their requests and go. */
  #clearAway(crashed: AppProcess): void {
    const clearing = crashed
      .end(this.#options.settings.drainMs)
      .finally(() => this.#leftovers.delete(clearing));
    this.#leftovers.add(clearing);
  }
}
