// Runs the built commands as a user would: a child process with a given environment, directory and umask.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export { diffTrees, listTree } from './list-tree.js';
export type { Tree, TreeDifference, TreeEntry } from './list-tree.js';

/** The top of the working copy. */
export const workspaceDirectory = fileURLToPath(new URL('..', import.meta.url));

/** True in `npm run test:deep`: tests that come in two sizes are then run whole. */
export const isDeepRun = process.env['SALVER_TEST_DEEP'] === '1';

/** The two programs, as `npm ci && npm run build` leaves them. */
export type ProgramName = 'salver' | 'salver-host';

export interface RunOptions {
  readonly cwd?: string;
  /** Added to {@link cleanEnvironment}; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The process's umask in octal; default 022. */
  readonly umask?: string;
  /** Kills the process afterwards; default ten minutes. */
  readonly timeoutMs?: number;
}

/** How a process ended. `status` is null when a signal ended it. */
export interface ProgramResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
}

/** A process that runs. `child.pid` is the program itself, not a shell. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<ProgramResult>;
}

/** The fields of `salver build --json` (DESIGN 6). */
export interface BuildReport {
  readonly schemaVersion: number;
  readonly artifact: string;
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly target: string;
  readonly sizeBytes: number;
  readonly units: number;
  readonly phasesMs: Readonly<Record<string, number>>;
  /** `name@version` of what was compiled in this run. */
  readonly compiled: readonly string[];
}

/** The fields of `salver-host install --json` (DESIGN 6). */
export interface InstallReport {
  readonly schemaVersion: number;
  readonly changed: boolean;
  readonly id: string;
  readonly release: string;
  readonly previous: string | null;
  readonly bytesFetched: number;
  readonly filesLinked: number;
  readonly filesWritten: number;
  readonly phasesMs: Readonly<Record<string, number>>;
}

const TIMEOUT_MS = 10 * 60 * 1000;

/** Starts one of the two programs. */
export function startProgram(
  program: ProgramName,
  args: readonly string[],
  options: RunOptions = {},
): RunningProgram {
  const path = join(workspaceDirectory, 'node_modules', '.bin', program);
  assert.ok(existsSync(path), `${path} is missing: run "npm ci && npm run build" first`);
  return startCommand(path, args, options);
}

/** Runs one of the two programs to its end, whatever that is. */
export async function runProgram(
  program: ProgramName,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  return startProgram(program, args, options).ended;
}

/** Runs a program with --json; asserts that it succeeds and returns what it printed. */
export async function runJson<Report>(
  program: ProgramName,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Report> {
  const result = await runProgram(program, [...args, '--json'], options);
  assert.equal(result.status, 0, `${program} ${args.join(' ')} failed: ${describeEnd(result)}`);
  return JSON.parse(result.stdout) as Report;
}

/** Builds an app into `output`. */
export async function buildApp(
  appDir: string,
  output: string,
  options: RunOptions = {},
): Promise<BuildReport> {
  return runJson<BuildReport>('salver', ['build', appDir, '--output', output], options);
}

/** Runs any command and asserts that it succeeds. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  const result = await startCommand(command, args, options).ended;
  assert.equal(result.status, 0, `${command} ${args.join(' ')} failed: ${describeEnd(result)}`);
  return result;
}

/** Starts any command. */
export function startCommand(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): RunningProgram {
  const began = performance.now();
  const { umask = '022', timeoutMs = TIMEOUT_MS } = options;
  // The shell only sets the umask; `exec` keeps the process id, so that a signal reaches the program itself.
  const child = spawn('/bin/sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', command, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => stdout.push(piece));
  child.stderr.on('data', (piece: Buffer) => stderr.push(piece));
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({
        status,
        signal,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        wallMs: performance.now() - began,
      });
    });
  });
  return { child, ended };
}

// What `npm run` and the test runner add for their own children would change what is tested.
const FOREIGN_VARIABLES =
  /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(local_)?prefix)|NODE_TEST_|INIT_CWD$|NODE_ENV$|SALVER_(CACHE|ROOT)$)/;

/** The caller's environment without what npm and the test runner put into it. */
export function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !FOREIGN_VARIABLES.test(pair[0]),
  );
  return Object.fromEntries(kept);
}

/** A fresh directory; whoever made it removes it. */
export interface TempDir {
  readonly path: string;
  remove(): void;
}

/** A fresh directory for a whole test file; call `remove` in `after`. */
export function makeTempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), 'salver-product-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `work` with a fresh directory that is removed afterwards, whatever happens. */
export async function withTempDir<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = makeTempDir();
  try {
    return await work(directory.path);
  } finally {
    directory.remove();
  }
}

const OUTPUT_SHOWN_MAX = 4000;

/** One text that says how a process ended, with the end of what it printed. */
export function describeEnd(result: ProgramResult): string {
  const output = `${result.stdout}${result.stderr}`.slice(-OUTPUT_SHOWN_MAX);
  return `${result.signal ?? `exit ${result.status}`}\n${output}`;
}
