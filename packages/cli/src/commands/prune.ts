import { SalverError } from '@salver/core';
import { pruneReleases } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot, waitMs, wholeNumber } from '../command-input.js';
import { formatCount } from '../format-amounts.js';

/** `salver-host prune`: stdout names what was removed. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, progress, env, signal } = context;
  const dryRun = input.flags.has('dry-run');
  const keep = wholeNumber(input, 'keep');
  if (keep === 0) throw new SalverError('E_USAGE', '--keep must be at least 1');
  const root = requiredRoot(context);
  const pruned = await pruneReleases({ root, keep, dryRun, waitMs: waitMs(input), progress, env, signal });
  const releases = formatCount(pruned.removed.length, 'release');
  const { assetsRemoved } = pruned;
  const count = assetsRemoved === 0 ? releases : `${releases} and ${formatCount(assetsRemoved, 'old asset')}`;
  return {
    json: { ...pruned, dryRun },
    text: pruned.removed.join('\n'),
    summary: dryRun ? `would remove ${count}; nothing was changed` : `removed ${count}`,
  };
}
