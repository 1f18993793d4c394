// Runs a shell command of other people's code: install scripts, the app's build, npm itself. Its output is
// kept only as far as an error message needs it, and everything it started ends with it when interrupted.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { SalverError, printable } from './errors.js';

export interface CommandOptions {
  readonly command: string;
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Hears every line of output; for progress. */
  readonly onLine?: (line: string) => void;
  /** Shell instead of `sh`, from npm's `script-shell`. */
  readonly shell?: string;
}

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly killedBy: string | undefined;
  /** The last lines of stdout and stderr together, at most {@link TAIL_LINES_MAX}. */
  readonly tail: readonly string[];
}

/** Lines of output that an error shows. */
export const TAIL_LINES_MAX = 30;
const LINE_CHARACTERS_MAX = 2000;
/** After SIGTERM, processes have this long to end before SIGKILL. */
const KILL_DELAY_MS = 2000;

/**
 * Runs a command line; a failing one is a result, not an error. Throws E_INTERRUPTED, E_TOOL_MISSING. Node's own spawn and
 * not execa: to load that took a tenth of a second, as long as many a warm build.
 */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  throwIfAborted(options);
  const lines = new LineTail(options.onLine);
  const child = spawn(options.shell ?? 'sh', ['-c', options.command], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: compilers started by make started by a script must end with it.
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) lines.follow(stream);
  const stopKilling = killGroupOnAbort(child.pid, options.signal);
  try {
    const end = await endOf(child);
    throwIfAborted(options);
    if (end === undefined) throw missingShell(options);
    return { ...end, tail: lines.finish() };
  } finally {
    stopKilling();
  }
}

/** How long output may still come after the command has ended: something that left its group may hold the pipes. */
const OUTPUT_GRACE_MS = 1000;

/** Undefined when it could not be started. What it left running in the background is killed when it ends. */
function endOf(child: ChildProcess): Promise<Pick<CommandResult, 'exitCode' | 'killedBy'> | undefined> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', (code, signal) => {
      sendToGroup(child.pid, 'SIGKILL');
      const done = (): void => {
        clearTimeout(timer);
        resolve({ exitCode: code ?? undefined, killedBy: signal ?? undefined });
      };
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        done();
      }, OUTPUT_GRACE_MS);
      child.once('close', done);
    });
  });
}

function sendToGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // ESRCH: the group is gone, which is what was wanted.
  }
}

/** The tail as text for a message, control characters escaped. */
export function formatTail(tail: readonly string[]): string {
  return tail.map((line) => `  ${printable(line)}`).join('\n');
}

function throwIfAborted({ signal, command }: CommandOptions): void {
  if (!signal.aborted) return;
  throw new SalverError('E_INTERRUPTED', `interrupted while running ${printable(command)}`);
}

function missingShell(options: CommandOptions): SalverError {
  return new SalverError('E_TOOL_MISSING', `cannot start ${printable(options.shell ?? 'sh')}`, {
    hint: 'install a POSIX shell, or correct `script-shell` in .npmrc',
  });
}

/** Ends the whole process group on abort, and when this process itself ends meanwhile. */
function killGroupOnAbort(pid: number | undefined, signal: AbortSignal): () => void {
  if (pid === undefined) return () => undefined;
  const send = (name: NodeJS.Signals): void => sendToGroup(pid, name);
  let timer: NodeJS.Timeout | undefined;
  const terminate = (): void => {
    send('SIGTERM');
    timer = setTimeout(() => send('SIGKILL'), KILL_DELAY_MS);
  };
  const killNow = (): void => send('SIGKILL');
  signal.addEventListener('abort', terminate);
  process.on('exit', killNow);
  return () => {
    signal.removeEventListener('abort', terminate);
    process.off('exit', killNow);
    clearTimeout(timer);
    // A script may leave something running in the background; it must not outlive the step.
    killNow();
  };
}

/** Keeps the last lines of several streams together, each line whole. */
class LineTail {
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #lines: string[] = [];
  readonly #finish: (() => void)[] = [];

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  follow(stream: Readable): void {
    const decoder = new StringDecoder('utf8');
    let partial = '';
    stream.on('data', (chunk: Buffer) => {
      const pieces = (partial + decoder.write(chunk)).split(/\r?\n/);
      partial = (pieces.pop() ?? '').slice(0, LINE_CHARACTERS_MAX);
      for (const line of pieces) this.#push(line);
    });
    this.#finish.push(() => {
      if (partial !== '') this.#push(partial);
    });
  }

  /** Once, when the streams have ended. */
  finish(): readonly string[] {
    for (const finish of this.#finish) finish();
    return [...this.#lines];
  }

  #push(line: string): void {
    const cut = line.slice(0, LINE_CHARACTERS_MAX);
    this.#onLine?.(cut);
    if (cut.trim() === '') return;
    this.#lines.push(cut);
    if (this.#lines.length > TAIL_LINES_MAX) this.#lines.shift();
  }
}
