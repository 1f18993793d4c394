// The edge of the program: the real process around `runProgram`.
import type { Program } from './command.js';
import { reportError } from './report-error.js';
import { runProgram } from './run-program.js';
import { usesColour } from './terminal.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const EXIT_CODE_SECOND_SIGNAL = 130;

/** Runs the program in this process and ends it. */
export async function runProcess(program: Program): Promise<void> {
  const controller = new AbortController();
  // A command that runs another program hands every signal on to it, the second one too.
  let handsSignalsOn = false;
  for (const name of SIGNALS) {
    process.on(name, () => {
      // The first signal asks for an orderly end; somebody who sends another does not want to wait for it.
      // What is left behind then is what a power cut leaves: the next run cleans it up.
      if (controller.signal.aborted && !handsSignalsOn) process.exit(EXIT_CODE_SECOND_SIGNAL);
      controller.abort(name);
    });
  }
  process.on('uncaughtException', endWithBug);
  endOnClosedPipe(process.stdout);
  endOnClosedPipe(process.stderr);
  const exitCode = await runProgram(program, {
    args: process.argv.slice(2),
    env: process.env,
    workingDir: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    onCommand: (command) => {
      handsSignalsOn = command.commandLine !== undefined || command.endsItself === true;
    },
  });
  // Sockets that are kept open for reuse must not hold up the end. Pipes and files are written synchronously,
  // so nothing is lost.
  process.exit(exitCode);
}

/** `salver inspect … | head`: the reader is gone, which is no failure of ours. */
function endOnClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}

/** An error that no promise of ours carries, e.g. of a stream's callback: shown like any other bug. */
function endWithBug(error: Error): void {
  const json = process.argv.includes('--json');
  const colour = usesColour(process.stderr, process.env);
  process.exit(reportError(error, { output: process.stderr, json, colour, warnings: [] }));
}
