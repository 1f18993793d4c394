// The error of a command of the app's build, the same for every ecosystem.
import { SalverError, printable } from './errors.js';
import { formatTail } from './run-command.js';
import type { CommandResult } from './run-command.js';

/** E_BUILD_COMMAND_FAILED with the end of the command's output. `directory` is relative to the app. */
export function buildCommandFailed(command: string, result: CommandResult, directory = ''): SalverError {
  const how =
    result.killedBy === undefined
      ? `ended with ${result.exitCode ?? 'no status'}`
      : `died of ${result.killedBy}`;
  const output = result.tail.length === 0 ? '' : `:\n${formatTail(result.tail)}`;
  return new SalverError('E_BUILD_COMMAND_FAILED', `\`${printable(command)}\` ${how}${output}`, {
    hint: 'the build runs in a clean copy of the source: see that it needs no ignored or uncommitted file',
    facts: { command: printable(command), directory, output: result.tail },
  });
}
