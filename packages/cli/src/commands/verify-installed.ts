import { verifyRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';

/** `salver-host verify`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const verified = await verifyRelease({
    root: requiredRoot(context),
    release: context.input.arguments.get('RELEASE'),
    progress: context.progress,
    signal: context.signal,
  });
  const amount = `${formatCount(verified.files, 'file')}, ${formatBytes(verified.bytes)}`;
  return {
    json: { ok: true, ...verified },
    text: verified.release,
    summary: `every byte is as its manifest says: ${amount}`,
  };
}
