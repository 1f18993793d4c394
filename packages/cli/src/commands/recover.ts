import type { CrashPolicy } from '@salver/core';
import { recoverInstallation } from '@salver/installer';
import type { RecoveredRoot } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot, waitMs } from '../command-input.js';
import { formatCount } from '../format-amounts.js';

/** `salver-host recover`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, progress, env, signal } = context;
  const dryRun = input.flags.has('dry-run');
  const recovered = await recoverInstallation({
    root: requiredRoot(context),
    // The table of the command allows no other values.
    onCrash: input.values.get('on-crash') as CrashPolicy | undefined,
    dryRun,
    waitMs: waitMs(input),
    progress,
    env,
    signal,
  });
  const text = recovered.current ?? '';
  return { json: { ...recovered, dryRun }, text, summary: summaryOf(recovered, dryRun) };
}

const OUTCOMES: Readonly<Record<RecoveredRoot['outcome'], string>> = {
  none: 'no activation was cut off',
  'not-activated': 'was cut off before the switch: nothing has changed',
  superseded: 'was cut off; another release has been made current since',
  verified: 'was cut off after the switch; it is healthy and stays',
  unhealthy: 'was cut off after the switch; it is not healthy, but stays',
  kept: 'was cut off after the switch; it stays unchecked',
  reverted: 'was cut off after the switch and is taken back',
};

function summaryOf(recovered: RecoveredRoot, dryRun: boolean): string {
  const { outcome, release, removed, changed } = recovered;
  if (!changed) return 'nothing to recover';
  if (dryRun) return `${release ?? 'leftovers'} would be dealt with; nothing was changed`;
  const what = release === null ? OUTCOMES[outcome] : `${release} ${OUTCOMES[outcome]}`;
  return `${what}; ${formatCount(removed, 'leftover')} removed`;
}
