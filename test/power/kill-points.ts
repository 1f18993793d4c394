// Where a run may be killed: every call that changes the disk, found by tracing an undisturbed run. The traps are those
// of strace: `when=` counts per call name and per thread, so each point is a name and a number within its thread; the
// thread pool has one thread and io_uring is off, or calls would hide; strace waits for all children of the run; and its
// --seccomp-bpf must not be used, for it then delivers no SIGKILL at all.
import { readFileSync, rmSync } from 'node:fs';
import { startCommand } from '../product-harness.js';
import type { ProgramResult } from '../product-harness.js';

/** A call of the undisturbed run: the run is killed at its entry, so that it is not carried out. */
export interface KillPoint {
  readonly call: string;
  /** How many calls of this name its thread has made, itself included. */
  readonly ordinal: number;
  /** What it does, without names that differ from run to run. */
  readonly what: string;
}

const MUTATING =
  'open,openat,creat,write,pwrite64,writev,pwritev,rename,renameat,renameat2,symlink,symlinkat,link,linkat,mkdir,mkdirat,' +
  'unlink,unlinkat,rmdir,fsync,fdatasync,syncfs,sync,truncate,ftruncate,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,' +
  'utimensat,fallocate,copy_file_range,sendfile';
const SINGLE_THREADED = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
const OPENS = new Set(['open', 'openat', 'creat']);

export interface TracedProgram {
  readonly command: readonly string[];
  /** Calls that name no path below it change nothing that is judged. */
  readonly disk: string;
  readonly log: string;
}

/** Runs to the end. Returns the points in the order in which the calls were made. */
export async function traceKillPoints({
  command,
  disk,
  log,
}: TracedProgram): Promise<{ readonly points: readonly KillPoint[]; readonly result: ProgramResult }> {
  const calls = MUTATING.split(',').map((name) => `?${name}`);
  const result = await strace(
    ['-f', '-y', '-qq', '-s', '0', '-o', log, '-e', `trace=${calls.join(',')}`],
    command,
  );
  const points = parsePoints(readFileSync(log, 'utf8'), disk);
  rmSync(log);
  return { points, result };
}

/** Runs and is killed at the point, unless it ends before: see the result's signal. */
export async function runKilledAt(
  { command, disk, log }: TracedProgram,
  { call, ordinal }: KillPoint,
): Promise<{ readonly result: ProgramResult; readonly killedAt: string | undefined }> {
  const args = ['-f', '-y', '-qq', '-s', '0', '-o', log, '-e', `trace=${call}`];
  const inject = `inject=${call}:signal=SIGKILL:when=${ordinal}`;
  const result = await strace([...args, '-e', inject], command);
  const last = readFileSync(log, 'utf8').split('\n').findLast(isCutOff);
  rmSync(log);
  const killedAt = last === undefined ? undefined : describeCall(last.replace(/^\d+ +/, ''), disk);
  return { result, killedAt };
}

/** Runs without strace, in the same environment. */
export function runUndisturbed(command: readonly string[]): Promise<ProgramResult> {
  const [program = '', ...args] = command;
  return startCommand(program, args, { env: SINGLE_THREADED }).ended;
}

function strace(args: readonly string[], command: readonly string[]): Promise<ProgramResult> {
  return startCommand('strace', [...args, ...command], { env: SINGLE_THREADED }).ended;
}

function isCutOff(line: string): boolean {
  return (line.includes('<unfinished') || / = \?$/.test(line)) && !line.includes('<... ');
}

const LINE = /^(\d+) +(?!<\.\.\.)(\w+)\((.*)$/;

function parsePoints(log: string, disk: string): readonly KillPoint[] {
  const counts = new Map<string, number>();
  const points: KillPoint[] = [];
  for (const line of log.split('\n')) {
    const [, thread, call, rest] = LINE.exec(line) ?? [];
    if (thread === undefined || call === undefined || rest === undefined) continue;
    const key = `${thread} ${call}`;
    const ordinal = (counts.get(key) ?? 0) + 1;
    counts.set(key, ordinal);
    if (changesDisk(call, rest, disk))
      points.push({ call, ordinal, what: describeCall(`${call}(${rest}`, disk) });
  }
  return points;
}

function changesDisk(call: string, rest: string, disk: string): boolean {
  if (call === 'sync') return true;
  return rest.includes(disk) && (!OPENS.has(call) || /O_CREAT|O_TRUNC/.test(rest));
}

/** The call with what differs from run to run made alike: process ids, numbers of descriptors, times, random names. */
function describeCall(text: string, disk: string): string {
  return text
    .replace(/\)? *(= .*|<unfinished.*)$/, ')')
    .replace(/\.\.\., \d+/, '...')
    .replaceAll(`${disk}/`, '')
    .replaceAll(disk, '.')
    .replace(/\(\d+</, '(<')
    .replace(/(staging\/|salver-link-|hooks\/)[\w.-]+/g, '$1*')
    .replace(/\d{9,}/g, '*');
}
