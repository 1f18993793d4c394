// Programs on a cache of their own process, to be killed or run side by side.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const BUILDER = import.meta.resolve('@salver/builder');
const CORE = import.meta.resolve('@salver/core');

interface ChildOptions {
  /** The cache. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the program prints this line. */
  line(text: string): Promise<void>;
  /** kill -9. */
  kill(signal?: NodeJS.Signals): void;
  /** Signal or status with which it ended. */
  readonly ended: Promise<string | number>;
  readonly output: () => string;
}

/** Starts a program (module source) that has `cache`, `directory` and some functions of Node at hand. */
export function startChild(program: string, options: ChildOptions): Child {
  const source = `
    import { openBuildCache } from ${JSON.stringify(BUILDER)};
    import { SILENT_PROGRESS } from ${JSON.stringify(CORE)};
    import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
    import { join } from 'node:path';
    const directory = ${JSON.stringify(options.directory)};
    const env = ${JSON.stringify(options.env ?? process.env)};
    const cache = openBuildCache({ directory, progress: SILENT_PROGRESS, env });
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([status, signal]) => (signal ?? status) as string | number);
  return {
    pid: child.pid ?? 0,
    line: async (text) => {
      while (!output.includes(`${text}\n`)) {
        const done = await Promise.race([
          once(child.stdout, 'data').then(() => false),
          ended.then(() => true),
        ]);
        if (done) throw new Error(`the program ended before it printed "${text}": ${output}`);
      }
    },
    kill: (signal = 'SIGKILL') => void child.kill(signal),
    ended,
    output: () => output,
  };
}

/** Runs a program to its end. Throws with its output when it fails. */
export async function runChild(program: string, options: ChildOptions): Promise<string> {
  const child = startChild(program, options);
  const status = await child.ended;
  if (status !== 0) throw new Error(`status ${status}: ${child.output()}`);
  return child.output();
}
