// Runs a shell command of other people's code: install scripts, the app's build, npm itself. Its output is
// kept only as far as an error message needs it, and everything it started ends with it when interrupted.
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

/** Runs a command line; a failing one is a result, not an error. Throws E_INTERRUPTED, E_TOOL_MISSING. */
export async function runCommand(options: CommandOptions): Promise<CommandResult> {
  const { execa } = await import('execa');
  throwIfAborted(options);
  const lines = new LineTail(options.onLine);
  const child = execa(options.shell ?? 'sh', ['-c', options.command], {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    all: true,
    buffer: false,
    reject: false,
    // A process group of its own: compilers started by make started by a script must end with it.
    detached: true,
    cleanup: false,
  });
  child.all?.on('data', (chunk: Buffer) => lines.add(chunk));
  const stopKilling = killGroupOnAbort(child.pid, options.signal);
  try {
    const result = await child;
    throwIfAborted(options);
    if (result.code === 'ENOENT') throw missingShell(options);
    return { exitCode: result.exitCode, killedBy: result.signal, tail: lines.finish() };
  } finally {
    stopKilling();
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
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch {
      // ESRCH: the group is gone, which is what was wanted.
    }
  };
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

/** Keeps the last lines of a stream of bytes. */
class LineTail {
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #decoder = new StringDecoder('utf8');
  readonly #lines: string[] = [];
  #partial = '';

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    const pieces = (this.#partial + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#partial = (pieces.pop() ?? '').slice(0, LINE_CHARACTERS_MAX);
    for (const line of pieces) this.#push(line);
  }

  finish(): readonly string[] {
    if (this.#partial !== '') this.#push(this.#partial);
    this.#partial = '';
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
