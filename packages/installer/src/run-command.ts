// One command of the app, run to its end within a time limit: hooks and command checks. While it runs, a note
// says which process it is, so that the next run can end what a killed one has left running.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { bootId, startTicksOf } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { OutputCapture } from './output-capture.js';
import { ProcessGroup } from './process-group.js';
import type { CommandEnd } from './process-group.js';
import { mayBeAlive } from './process-identity.js';

export interface CommandOptions {
  readonly paths: HostPaths;
  readonly command: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Where its output is kept; undefined keeps only the tail. */
  readonly logPath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandOutcome {
  readonly end: CommandEnd | { readonly kind: 'timed-out' } | { readonly kind: 'interrupted' };
  /** Its last lines, safe to print. */
  readonly tail: readonly string[];
}

/** Time between SIGTERM and SIGKILL. */
const STOP_GRACE_MS = 2_000;

/** Runs the command; nothing it started in its group outlives it. Never throws for what the command does. */
export async function runCommand(options: CommandOptions): Promise<CommandOutcome> {
  const output = new OutputCapture(options.logPath);
  const group = new ProcessGroup({ ...options, output });
  noteRunning(options.paths, group.pid);
  const limit = limitOf(options);
  try {
    const end = await Promise.race([group.ended, limit.reached]);
    await group.stop(STOP_GRACE_MS);
    return { end, tail: output.tail };
  } finally {
    limit.clear();
    output.finish();
    forgetRunning(options.paths, group.pid);
  }
}

interface Limit {
  readonly reached: Promise<{ readonly kind: 'timed-out' } | { readonly kind: 'interrupted' }>;
  clear(): void;
}

function limitOf({ timeoutMs, signal }: CommandOptions): Limit {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const reached = new Promise<Awaited<Limit['reached']>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'timed-out' }), timeoutMs);
    onAbort = () => resolve({ kind: 'interrupted' });
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort);
  });
  return {
    reached,
    clear: () => {
      clearTimeout(timer);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    },
  };
}

const NOTE_NAME = /^running-[0-9]+\.json$/;

function notePath(paths: HostPaths, pid: number): string {
  return `${paths.state}/running-${pid}.json`;
}

/** Not synced: after a power cut nothing runs, and the boot id says so. */
export function noteRunning(paths: HostPaths, pid: number | undefined): void {
  if (pid === undefined) return;
  const note = { pid, startTicks: startTicksOf(pid), bootId: bootId() };
  try {
    writeFileSync(notePath(paths, pid), JSON.stringify(note), { mode: 0o644 });
  } catch {
    // Without room for the note the command runs all the same.
  }
}

export function forgetRunning(paths: HostPaths, pid: number | undefined): void {
  if (pid !== undefined) forget(notePath(paths, pid));
}

function forget(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The identity in it is of a process that is gone: it can do no harm.
  }
}

/**
 * Ends the commands that a killed run has left running: two migrations at a time would be worse than half of one.
 * Returns whether there was one.
 */
export function endLeftRunning(paths: HostPaths): boolean {
  let ended = false;
  for (const name of readdirSync(paths.state).filter((one) => NOTE_NAME.test(one))) {
    ended = killNoted(`${paths.state}/${name}`) || ended;
    forget(`${paths.state}/${name}`);
  }
  return ended;
}

function killNoted(path: string): boolean {
  try {
    const note = JSON.parse(readFileSync(path, 'utf8')) as {
      pid: number;
      startTicks: string;
      bootId: string;
    };
    if (note.startTicks === '' || !mayBeAlive(note)) return false;
    process.kill(-note.pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
