import { activateRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredArgument, requiredRoot, waitMs, watchMs } from '../command-input.js';
import { describeSwitch } from '../describe-switch.js';
import { previewActivate } from '../dry-run.js';

/** `salver-host activate`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal, progress, env } = context;
  const root = requiredRoot(context);
  const release = requiredArgument(input, 'RELEASE');
  const force = input.flags.has('force');
  if (input.flags.has('dry-run')) return describeSwitch(previewActivate(release, { root, env, force }), true);
  const result = await activateRelease({
    root,
    release,
    migrate: input.flags.has('migrate'),
    force,
    watchMs: watchMs(input),
    waitMs: waitMs(input),
    progress,
    env,
    signal,
  });
  return describeSwitch(result, false);
}
