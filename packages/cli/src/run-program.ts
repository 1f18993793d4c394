// One run of a program: parse, run the command, print its result or its failure, give the exit status.
import { SalverError, isSalverError } from '@salver/core';
import type { Command, CommandInput, CommandResult, Program } from './command.js';
import { parseArguments } from './parse-arguments.js';
import { createProgress } from './progress/create-progress.js';
import type { ProgressDisplay } from './progress/progress-display.js';
import { SCHEMA_VERSION, reportError } from './report-error.js';
import { usesColour } from './terminal.js';
import type { TextOutput } from './terminal.js';
import { VERSION } from './version.js';

/** Everything a run touches of its process. */
export interface ProgramIo {
  /** Arguments without node and the script. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Aborted by SIGINT or SIGTERM; the reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Called once it is known which command runs. */
  readonly onCommand?: (command: Command) => void;
}

const EXIT_CODE_BY_SIGNAL: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Runs the program to its end and returns its exit status. Never throws. */
export async function runProgram(program: Program, io: ProgramIo): Promise<number> {
  try {
    const request = parseArguments(program, io.args);
    switch (request.kind) {
      case 'version':
        io.stdout.write(`${program.name} ${VERSION}\n`);
        return 0;
      case 'help':
        io.stdout.write(`${await helpText(program, request.command)}\n`);
        return 0;
      case 'run':
        io.onCommand?.(request.command);
        return await runCommand(request.command, request.input, io);
    }
  } catch (error) {
    // Only parsing fails here. The words are not known to be options, so --json is taken literally.
    const json = io.args.includes('--json');
    return reportError(error, {
      output: io.stderr,
      json,
      colour: usesColour(io.stderr, io.env),
      warnings: [],
    });
  }
}

async function helpText(program: Program, command: Command | undefined): Promise<string> {
  const { renderCommandHelp, renderProgramHelp } = await import('./render-help.js');
  return command === undefined ? renderProgramHelp(program) : renderCommandHelp(program, command);
}

async function runCommand(command: Command, input: CommandInput, io: ProgramIo): Promise<number> {
  const json = input.flags.has('json');
  const quiet = input.flags.has('quiet');
  const progress = createProgress({ output: io.stderr, env: io.env, json, quiet });
  try {
    const { env, workingDir, signal } = io;
    const { run } = await command.load();
    const result = await run({ input, env, workingDir, signal, progress });
    progress.close();
    printResult(result, { io, json, quiet, progress });
    return result.exitCode ?? 0;
  } catch (error) {
    progress.close();
    const colour = usesColour(io.stderr, io.env);
    const { failure, exitCode } = afterSignal(error, io.signal);
    return reportError(failure, { output: io.stderr, json, colour, warnings: progress.warnings, exitCode });
  }
}

/** After a signal every failure is a consequence of it: what was told to stop says so in its own words. */
function afterSignal(
  error: unknown,
  signal: AbortSignal,
): { readonly failure: unknown; readonly exitCode?: number } {
  if (!signal.aborted) return { failure: error };
  const name = String(signal.reason);
  const failure = isSalverError(error, 'E_INTERRUPTED')
    ? error
    : new SalverError('E_INTERRUPTED', `stopped by ${name}`, { cause: error });
  return { failure, exitCode: EXIT_CODE_BY_SIGNAL[name] ?? failure.exitCode };
}

interface ResultPrinting {
  readonly io: ProgramIo;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly progress: ProgressDisplay;
}

function printResult(result: CommandResult, { io, json, quiet, progress }: ResultPrinting): void {
  if (json) {
    if (result.json === undefined) return;
    const document = { schemaVersion: SCHEMA_VERSION, ...result.json, warnings: progress.warnings };
    io.stdout.write(`${JSON.stringify(document)}\n`);
    return;
  }
  if (!quiet && result.summary !== undefined) io.stderr.write(`${result.summary}\n`);
  if (result.text !== undefined && result.text !== '') io.stdout.write(`${result.text}\n`);
}
