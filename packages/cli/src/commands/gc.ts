import { shortId } from '@salver/core';
import { collectStore } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { durationMs, requiredArgument, wholeNumber } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { withStore } from '../store-input.js';

const KEEP_DEFAULT = 10;
const OLDER_THAN_DEFAULT_MS = 30 * 86_400_000;

/** `salver gc`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal } = context;
  const name = requiredArgument(input, 'NAME');
  const dryRun = input.flags.has('dry-run');
  return withStore(context, async (store) => {
    const { removed, unfinished, kept, freedBytes } = await collectStore({
      store,
      name,
      keep: wholeNumber(input, 'keep') ?? KEEP_DEFAULT,
      olderThanMs: durationMs(input, 'older-than') ?? OLDER_THAN_DEFAULT_MS,
      dryRun,
      signal,
      now: new Date(),
    });
    const lines = [
      ...removed.map(({ version, id, target }) => `${version} ${shortId(id)} ${target}`),
      ...unfinished,
    ];
    const words = `${formatCount(removed.length, 'release')} of ${name}${unfinished.length === 0 ? '' : ` and ${formatCount(unfinished.length, 'unfinished upload')}`}`;
    const amount = `${formatBytes(freedBytes)}; ${kept} stay`;
    return {
      json: {
        removed: removed.map(({ id, version, target, sizeBytes }) => ({ id, version, target, sizeBytes })),
        unfinished,
        kept,
        freedBytes,
        ...(dryRun ? { dryRun } : {}),
      },
      text: lines.join('\n'),
      summary: dryRun
        ? `would remove ${words}: ${amount}; nothing was changed`
        : `removed ${words}: ${amount}`,
    };
  });
}
