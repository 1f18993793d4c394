// Commands as data: parsing, help and completion all read the same tables, so they cannot disagree.
import type { Progress } from '@salver/core';

/** Where a shell finds the values of an option or argument. */
export type Completion = 'file' | 'directory';

export interface OptionSpec {
  /** Without the dashes: `dry-run`. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in help, e.g. `DIR`. Absent: the option is a flag. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly completes?: Completion;
  /** It may be given more than once; all values count. */
  readonly repeats?: true;
  readonly summary: string;
}

export interface ArgumentSpec {
  /** As in help, upper case: `ARTIFACT`. */
  readonly name: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completion;
  readonly summary: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  readonly arguments: readonly ArgumentSpec[];
  /** Name of what follows `--`, word by word; absent: nothing may follow. */
  readonly commandLine?: string;
  /** It deals with SIGINT and SIGTERM itself, the second one too. */
  readonly endsItself?: true;
  /** At least one line that works as it stands. */
  readonly examples: readonly string[];
  /** Imports the code of the command: only the one that is run costs start time. */
  load(): Promise<CommandModule>;
}

export interface CommandModule {
  /** Calls one library function and says how to show its result. */
  readonly run: (context: CommandContext) => Promise<CommandResult>;
}

export interface Program {
  /** Name of the executable. */
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
  /** Options that every command takes. */
  readonly options: readonly OptionSpec[];
}

/** What the user typed, checked against the command's table. */
export interface CommandInput {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  /** All values of the options that may be repeated. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** By name of the argument. */
  readonly arguments: ReadonlyMap<string, string>;
  /** What followed `--`. */
  readonly commandLine: readonly string[];
}

export interface CommandContext {
  readonly input: CommandInput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that relative paths start from. */
  readonly workingDir: string;
  readonly progress: Progress;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface CommandResult {
  /** With `--json`: the fields beside `schemaVersion` and `warnings`. Absent: nothing is printed. */
  readonly json?: object;
  /** Without `--json`: what goes to stdout, without the last line end. */
  readonly text?: string;
  /** What a person wants to know about the result: on stderr, not with `--quiet` or `--json`. */
  readonly summary?: string;
  /** Default 0. */
  readonly exitCode?: number;
}
