// Streams and programs for tests of the command line.
import type { Command, CommandContext, CommandResult, Program } from '../dist/command.js';
import { runProgram } from '../dist/run-program.js';
import type { TextOutput } from '../dist/terminal.js';

/** A stream that keeps what is written. */
export class FakeOutput implements TextOutput {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  constructor(terminal?: { readonly columns: number }) {
    this.isTTY = terminal !== undefined;
    this.columns = terminal?.columns ?? 80;
  }

  write(text: string): void {
    this.text += text;
  }
}

/** A program with one command, `work`, that does what the test says. */
export function programOf(
  run: (context: CommandContext) => Promise<CommandResult>,
  command: Partial<Command> = {},
): Program {
  return {
    name: 'tool',
    summary: 'a program for tests',
    options: [
      { name: 'json', summary: 'print JSON' },
      { name: 'quiet', short: 'q', summary: 'be quiet' },
    ],
    commands: [
      {
        name: 'work',
        summary: 'do the work',
        options: [
          { name: 'output', short: 'o', value: 'DIR', summary: 'where to' },
          { name: 'mode', value: 'MODE', choices: ['fast', 'slow'], summary: 'how' },
          { name: 'dry-run', summary: 'change nothing' },
        ],
        arguments: [
          { name: 'FROM', required: true, summary: 'from where' },
          { name: 'TO', required: false, summary: 'to where' },
        ],
        examples: ['tool work here'],
        load: () => Promise.resolve({ run }),
        ...command,
      },
    ],
  };
}

export interface FakeRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly terminal?: { readonly columns: number };
  readonly signal?: AbortSignal;
  readonly workingDir?: string;
}

/** Runs a program with arguments and returns what it printed. */
export async function runFake(
  program: Program,
  args: readonly string[],
  options: FakeRunOptions = {},
): Promise<FakeRun> {
  const stdout = new FakeOutput(options.terminal);
  const stderr = new FakeOutput(options.terminal);
  const exitCode = await runProgram(program, {
    args,
    env: options.env ?? {},
    workingDir: options.workingDir ?? '/',
    stdout,
    stderr,
    signal: options.signal ?? new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}
