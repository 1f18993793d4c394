import { activateRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredArgument, requiredRoot, waitMs } from '../command-input.js';
import { describeSwitch } from '../describe-switch.js';
import { previewActivate } from '../dry-run.js';

/** `salver-host activate`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal } = context;
  const root = requiredRoot(context);
  const release = requiredArgument(input, 'RELEASE');
  if (input.flags.has('dry-run')) return describeSwitch(previewActivate(root, release), true);
  return describeSwitch(await activateRelease({ root, release, waitMs: waitMs(input), signal }), false);
}
