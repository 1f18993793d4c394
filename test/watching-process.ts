// A process beside the test that looks at a root until it is told to stop, and then says what it saw.
import { spawn } from 'node:child_process';

export interface Watching<T> {
  /** Ends the process and gives the JSON that it prints last. */
  stop(): Promise<T>;
}

/**
 * Starts a Node program that prints `watching` when it has begun, and its result as JSON on SIGTERM.
 * @param enter words before the command, e.g. to run it in other namespaces.
 */
export async function startWatching<T>(
  program: string,
  args: readonly string[],
  enter: readonly string[] = [],
): Promise<Watching<T>> {
  const [command = '', ...words] = [...enter, process.execPath, program, ...args];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(output)));
  await new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      resolve();
    });
  });
  return {
    stop: async () => {
      child.kill('SIGTERM');
      return JSON.parse((await ended).replace('watching\n', '')) as T;
    },
  };
}
