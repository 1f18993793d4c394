// strace(1) around the program: which system calls an undisturbed run makes, and a run in which one of them is the
// last (SIGKILL at its entry: it is not carried out) or fails.
//
// Six traps, all seen: `when=N` counts per name of a call and per thread, so each name has its own numbers and the
// program gets one pool thread; io_uring hides calls; children outlive the killed program, so the log is read when
// strace has seen the last of them end; with --seccomp-bpf, which would be faster, no signal is ever injected; a program whose own
// pipe fails never ends.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { startCommand } from '../product-harness.js';
import type { ProgramResult } from '../product-harness.js';
import { STEADY_ENV } from './host-program.js';

/** Why no call can be traced here, or false: as node:test's `skip` wants it. */
export const traceSkipReason: string | false = findSkipReason();

function findSkipReason(): string | false {
  if (process.platform !== 'linux') return 'strace is a Linux thing';
  try {
    execFileSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true'], { stdio: 'pipe' });
    return false;
  } catch {
    return 'strace is missing or may not trace here';
  }
}

/** Calls that may change what is on disk, or what others see. Not all exist on every kind of processor. */
export const MUTATING_CALLS = [
  'open openat creat write writev pwrite64 pwritev copy_file_range sendfile ftruncate truncate fallocate',
  'rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat mknodat',
  'fsync fdatasync syncfs sync chmod fchmod fchmodat chown fchown fchownat utimensat futimesat flock',
]
  .join(' ')
  .split(' ');

/** Followed in undisturbed runs: `execve` tells which processes are helpers. */
export const TRACED_CALLS = [...MUTATING_CALLS, 'close', 'execve'];

/** One call of an undisturbed run that can be hit by its name and number. */
export interface CallPoint {
  readonly name: string;
  /** The how manieth call of this name it is in its thread. */
  readonly nth: number;
  /** The call as strace prints it, for messages. */
  readonly text: string;
  /** Made by a command that the program has started, e.g. sync(1). */
  readonly byHelper: boolean;
}

export interface Traced {
  readonly result: ProgramResult;
  readonly log: string;
}

export interface TraceOptions {
  readonly bundle: string;
  readonly args: readonly string[];
  readonly logPath: string;
  /** Calls to follow. */
  readonly calls: readonly string[];
  /** As strace's `inject=`, without the call: `signal=SIGKILL:when=3`. */
  readonly inject?: string;
  /** Stops at the followed calls only: several times faster, but no signal can be injected. Default false. */
  readonly fast?: boolean;
}

const TIMEOUT_MS = 120_000;
/**
 * A write that fails may turn out to be one by which Node's threads wake each other, because their number varies: Node
 * then waits for ever. It is no call of ours, and does not count.
 */
const RUN_SECONDS_MAX = 30;

/** Runs the program under strace until it and all its children have ended. */
export async function runTraced(options: TraceOptions): Promise<Traced> {
  const { bundle, args, logPath, calls, inject, fast = false } = options;
  // A question mark: no complaint about calls that this kind of processor does not have.
  const set = calls.map((name) => `?${name}`).join(',');
  const injection = inject === undefined ? [] : ['-e', `inject=${set}:${inject}`];
  const flags = ['-f', '-qq', '-y', '-s', '40', '-o', logPath, '-e', `trace=${set}`];
  const filter = fast ? ['--seccomp-bpf'] : [];
  const command = ['strace', ...flags, ...filter, ...injection, process.execPath, bundle, ...args];
  // Ends the traced program as well, which would outlive strace.
  const limited = ['--signal=KILL', String(RUN_SECONDS_MAX), ...command];
  const result = await startCommand('timeout', limited, { env: STEADY_ENV, timeoutMs: TIMEOUT_MS }).ended;
  const log = readFileSync(logPath, 'utf8');
  rmSync(logPath);
  return { result, log };
}

/** True when the program, or a helper of it, was killed. */
export function wasKilled(log: string): boolean {
  return log.includes('killed by SIGKILL');
}

/**
 * True when a call below `root` has failed as asked. Others of the same name, e.g. writes by which threads wake each
 * other, may come first when their number varies.
 */
export function hasFailed(log: string, root: string): boolean {
  return failures(log).some((line) => isOurs(line, root));
}

/** True when another call than one below `root` has failed as well: each thread has numbers of its own. */
export function hasFailedElsewhere(log: string, root: string): boolean {
  return failures(log).some((line) => !isOurs(line, root));
}

function failures(log: string): readonly string[] {
  return log.split('\n').filter((line) => line.includes('(INJECTED)'));
}

function isOurs(line: string, root: string): boolean {
  return line.includes(root) || SAYS.test(line);
}

/** Standard output and error: what is said there is seen from outside, too. */
const SAYS = /\([12]</;

const LINE = /^(\d+) +([a-z0-9_]+)\((.*)$/;

/**
 * The points of a log below `root`, in order. A call that another thread's call of the same name and number comes
 * before cannot be hit, and is left out.
 */
export function callPoints(log: string, root: string): readonly CallPoint[] {
  const counts = new Map<string, number>();
  const reached = new Set<string>();
  const helpers = new Set<string>();
  const points: CallPoint[] = [];
  let program: string | undefined;
  for (const line of log.split('\n')) {
    const [, thread = '', name = '', rest = ''] = LINE.exec(line) ?? [];
    if (name === '') continue;
    program ??= thread;
    if (name === 'execve' && thread !== program) helpers.add(thread);
    const count = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, count);
    if (reached.has(`${name} ${count}`)) continue;
    reached.add(`${name} ${count}`);
    if (!isMutation(name, rest, root)) continue;
    points.push({ name, nth: count, text: `${name}(${rest}`, byHelper: helpers.has(thread) });
  }
  return points;
}

const OPENS_FOR_WRITING = /O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)/;

function isMutation(name: string, rest: string, root: string): boolean {
  if (name === 'execve') return false;
  if (name.startsWith('open')) return rest.includes(root) && OPENS_FOR_WRITING.test(rest);
  if (name.startsWith('write') && SAYS.test(`(${rest}`)) return true;
  return rest.includes(root);
}
