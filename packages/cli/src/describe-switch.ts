import type { SwitchResult } from '@salver/installer';
import type { CommandResult } from './command.js';

/** How `activate` and `rollback` show what they did. */
export function describeSwitch(result: SwitchResult, dryRun: boolean): CommandResult {
  return { json: { ...result, dryRun }, text: result.release, summary: sentence(result, dryRun) };
}

function sentence({ changed, release, previous }: SwitchResult, dryRun: boolean): string {
  if (!changed) return `${release} is current already: nothing to do`;
  if (dryRun) return `would make ${release} current; nothing was changed`;
  return `${release} is current${previous === null ? '' : `; a rollback would go to ${previous}`}`;
}
