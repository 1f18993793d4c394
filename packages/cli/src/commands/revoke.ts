import { shortId } from '@salver/core';
import { revokeRelease } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredArgument } from '../command-input.js';
import { signersOf } from '../key-input.js';
import { withStore } from '../store-input.js';
import { requireNamedRelease, resolveRelease } from '../stored-release.js';

/** `salver revoke`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal } = context;
  const named = requireNamedRelease(requiredArgument(input, 'RELEASE'));
  return withStore(context, async (store) => {
    const { name } = named;
    const { id, version } = await resolveRelease(store, named, { signal });
    const facts = { name, version, id };
    const release = `${name} ${version} (${shortId(id)})`;
    if (input.flags.has('dry-run')) {
      return {
        json: { ...facts, dryRun: true },
        text: id,
        summary: `would revoke ${release}; nothing was changed`,
      };
    }
    const reason = input.values.get('reason') ?? 'no reason given';
    const signers = signersOf(context);
    const { changed, channels } = await revokeRelease({
      store,
      name,
      id,
      reason,
      signers,
      signal,
      now: new Date(),
    });
    const told = channels.length === 0 ? '' : `; told in ${channels.join(', ')}`;
    return {
      json: { ...facts, changed, channels },
      text: id,
      summary: changed ? `revoked ${release}${told}` : `${release} was revoked before${told}`,
    };
  });
}
