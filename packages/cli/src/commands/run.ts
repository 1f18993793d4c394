import { runInRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';

/** `salver-host run`: the command has the terminal, so nothing of ours is printed. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const exitCode = await runInRelease({
    root: requiredRoot(context),
    release: context.input.values.get('release'),
    command: context.input.commandLine,
    env: context.env,
  });
  return { exitCode };
}
