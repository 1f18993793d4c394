import { rollbackRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot, waitMs } from '../command-input.js';
import { describeSwitch } from '../describe-switch.js';
import { previewRollback } from '../dry-run.js';

/** `salver-host rollback`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal, progress, env } = context;
  const root = requiredRoot(context);
  const force = input.flags.has('force');
  if (input.flags.has('dry-run')) return describeSwitch(previewRollback(root, force), true);
  const options = { root, force, waitMs: waitMs(input), progress, env, signal };
  return describeSwitch(await rollbackRelease(options), false);
}
