// The supervisor's rules: which release serves, how another takes over, what happens when that fails.
//
// Both releases accept from the same socket for a while, so nobody waits and nobody is refused. The old one is asked to
// go only when the new one has proved itself; until then a failure costs nothing but the new processes.
import { SalverError, isSalverError, printable } from '@salver/core';
import type { HostPaths } from '../host-paths.js';
import { currentRelease } from '../release-links.js';
import { requireManifest } from '../require-release.js';
import { releaseEnvironment } from '../run-in-release.js';
import type { SupervisorStatus, SwitchOutcome } from './control-messages.js';
import { Generation } from './generation.js';
import type { ListeningSocket } from './listening-socket.js';
import type { LogSink } from './output-tail.js';
import { removeServeRecord, writeServeRecord } from './serve-record.js';
import type { RecordedProcess } from './serve-record.js';
import { serveSettings } from './serve-settings.js';
import type { ServeOverrides } from './serve-settings.js';

export interface SupervisorOptions {
  readonly paths: HostPaths;
  readonly listener: ListeningSocket;
  readonly overrides: ServeOverrides;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: LogSink;
  readonly prefixLines: boolean;
  readonly report: (line: string) => void;
  /** Processes of a supervisor that was killed; they stay in the record until {@link Supervisor.forgetOrphans}. */
  readonly orphans: readonly RecordedProcess[];
}

export interface SwitchRequest {
  readonly release: string;
  /** Default: as configured. */
  readonly deadlineMs?: number | undefined;
  /** Starts the release anew although it is served already: settings may have changed. */
  readonly again?: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #draining = new Map<Generation, Promise<void>>();
  #active: Generation | undefined;
  #starting: Generation | undefined;
  #orphans: readonly RecordedProcess[];
  /** Switches wait for each other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#orphans = options.orphans;
  }

  /** Begins to serve the current release. Without one, or if it cannot be started, waits for a switch. */
  start(): void {
    this.#record();
    try {
      const release = currentRelease(this.#options.paths);
      if (release === undefined) {
        this.#options.report('no release is active: waiting for one');
        return;
      }
      this.#active = this.#create(release);
      this.#active.start();
      this.#active.keepRunning();
    } catch (error) {
      this.#options.report(`cannot start: ${reasonOf(error)}; waiting for another release`);
    }
  }

  /** Starts a release beside the one that serves and lets it take over. Never throws. */
  switchTo(request: SwitchRequest): Promise<SwitchOutcome> {
    const turn = this.#queue.then(() => this.#switch(request));
    this.#queue = turn;
    return turn;
  }

  /** As {@link switchTo}, with what `current` names now; starts it anew even if it is served already. */
  async reload(): Promise<SwitchOutcome> {
    try {
      const release = currentRelease(this.#options.paths);
      if (release !== undefined) return await this.switchTo({ release, again: true });
      return { state: 'failed', reason: 'no release is active', output: '' };
    } catch (error) {
      return { state: 'failed', reason: reasonOf(error), output: '' };
    }
  }

  /** Lets everything finish and resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#queue;
    if (this.#active !== undefined) this.#retire(this.#active);
    await Promise.all(this.#draining.values());
    removeServeRecord(this.#options.paths);
  }

  /** Ends everything now. */
  kill(): void {
    this.#stopping.abort();
    for (const each of this.#all()) each.kill();
  }

  forgetOrphans(): void {
    this.#orphans = [];
    this.#record();
  }

  /** Resolves when the active release serves, or the supervisor stops. */
  get isServing(): boolean {
    return this.#active?.isReady === true;
  }

  status(): SupervisorStatus {
    const active = this.#active;
    const processes = active?.processes ?? [];
    return {
      pid: process.pid,
      state: this.#state(),
      listen: this.#options.listener.name,
      release: active?.release ?? null,
      since: active?.startedAt.toISOString() ?? null,
      workers: processes.length,
      workersReady: processes.filter((each) => each.isRunning && each.isReady).length,
      processes: processes.flatMap(({ pid, isRunning }) => (pid !== undefined && isRunning ? [pid] : [])),
      restarts: active?.restarts ?? 0,
      draining: [...this.#draining.keys()].map((each) => each.release),
    };
  }

  #state(): SupervisorStatus['state'] {
    if (this.#stopping.signal.aborted) return 'stopping';
    if (this.#starting !== undefined) return 'switching';
    if (this.#active === undefined) return 'waiting';
    if (this.#active.isFailing) return 'failing';
    return this.#active.isReady ? 'serving' : 'starting';
  }

  async #switch({ release, deadlineMs, again = false }: SwitchRequest): Promise<SwitchOutcome> {
    const began = performance.now();
    if (this.#active?.release === release && this.#active.isReady && !again)
      return { state: 'switched', durationMs: 0 };
    try {
      const next = this.#create(release);
      const failure = await this.#tryOut(next, deadlineMs);
      if (failure !== undefined) return this.#refuse(release, failure);
    } catch (error) {
      return this.#refuse(release, { reason: reasonOf(error), output: '' });
    }
    const durationMs = Math.round(performance.now() - began);
    this.#options.report(`${release} serves, ready after ${durationMs} ms`);
    return { state: 'switched', durationMs };
  }

  async #tryOut(
    next: Generation,
    deadlineMs: number | undefined,
  ): Promise<Awaited<ReturnType<Generation['becomeReady']>>> {
    if (this.#stopping.signal.aborted) return { reason: 'the supervisor is stopping', output: '' };
    this.#starting = next;
    try {
      next.start();
      const failure = await next.becomeReady(deadlineMs ?? next.readyMs, this.#stopping.signal);
      if (failure !== undefined) {
        this.#retire(next);
        return failure;
      }
      const old = this.#active;
      this.#active = next;
      next.keepRunning();
      if (old !== undefined) this.#retire(old);
      return undefined;
    } finally {
      this.#starting = undefined;
    }
  }

  #refuse(release: string, failure: { readonly reason: string; readonly output: string }): SwitchOutcome {
    const stays = this.#active === undefined ? 'nothing' : this.#active.release;
    this.#options.report(`${release} did not take over: ${failure.reason}; ${stays} serves`);
    return { state: 'failed', ...failure };
  }

  /** Throws E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED, E_CONFIG_INVALID, E_FILE_SYSTEM. */
  #create(release: string): Generation {
    const { paths, listener, overrides, env, log, prefixLines, report } = this.#options;
    // First of all: it refuses what is no installed release.
    const { directory, env: releaseEnv } = releaseEnvironment({ root: paths.root, release, env });
    const manifest = requireManifest(paths, release);
    const { start } = manifest.host;
    if (start === undefined) {
      throw new SalverError(
        'E_CONFIG_INVALID',
        `${release} has no start command: set "start" in salver.json`,
      );
    }
    return new Generation({
      release,
      start,
      directory,
      env: releaseEnv,
      listener,
      settings: serveSettings(manifest, overrides),
      log,
      prefixLines,
      report,
      onChange: () => this.#record(),
    });
  }

  #retire(generation: Generation): void {
    const drained = generation.drain().finally(() => {
      this.#draining.delete(generation);
      this.#record();
    });
    this.#draining.set(generation, drained);
  }

  #all(): readonly Generation[] {
    return [this.#active, this.#starting, ...this.#draining.keys()].filter((each) => each !== undefined);
  }

  /** A full disk must not stop a release from serving: the record is for the case that this process is killed. */
  #record(): void {
    const processes = this.#all().flatMap(({ release, processes: started }) =>
      started.flatMap(({ identity }) => (identity === undefined ? [] : [{ ...identity, release }])),
    );
    try {
      writeServeRecord(this.#options.paths, this.#options.listener.name, [...this.#orphans, ...processes]);
    } catch (error) {
      this.#options.report(`cannot write ${this.#options.paths.serveRecord}: ${reasonOf(error)}`);
    }
  }
}

function reasonOf(error: unknown): string {
  if (isSalverError(error)) return error.message;
  return printable(error instanceof Error ? error.message : String(error));
}
