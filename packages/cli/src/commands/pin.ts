import { pinRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredArgument, requiredRoot, waitMs } from '../command-input.js';

/** `salver-host pin`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, progress, env, signal } = context;
  const dryRun = input.flags.has('dry-run');
  const result = await pinRelease({
    root: requiredRoot(context),
    release: requiredArgument(input, 'RELEASE'),
    remove: input.flags.has('remove'),
    dryRun,
    waitMs: waitMs(input),
    progress,
    env,
    signal,
  });
  const state = result.pinned ? 'pinned' : 'not pinned';
  const summary = !result.changed
    ? `${result.release} is ${state} already: nothing to do`
    : dryRun
      ? `${result.release} would be ${state}; nothing was changed`
      : `${result.release} is ${state} now`;
  return { json: { ...result, dryRun }, text: result.release, summary };
}
