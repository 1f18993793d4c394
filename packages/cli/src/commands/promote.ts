import { SalverError, isChannelName, printable, shortId } from '@salver/core';
import type { Store } from '@salver/core';
import { listApp, moveChannel } from '@salver/stores';
import type { Moved, StoredRelease } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { durationMs, requiredArgument } from '../command-input.js';
import { signersOf } from '../key-input.js';
import { withStore } from '../store-input.js';
import { resolveVersion } from '../stored-release.js';

/** `salver promote`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, signal, progress } = context;
  const channel = requiredArgument(input, 'CHANNEL');
  checkChannelName(channel);
  return withStore(context, async (store) => {
    const { name, releases } = await resolveVersion(store, requiredArgument(input, 'RELEASE'), signal);
    const revoked = await revokedIds(store, name, releases, signal);
    const text = [...new Set(releases.map(({ version, id }) => `${version} (${shortId(id)})`))].join(', ');
    if (input.flags.has('dry-run')) {
      const summary = `would let ${name}@${channel} point to ${text}; nothing was changed`;
      return { json: { ...jsonOf(name, channel, releases), dryRun: true }, text, summary };
    }
    const moved = await moveChannel({
      store,
      name,
      channel,
      releases,
      revoked,
      signers: signersOf(context),
      validForMs: durationMs(input, 'valid-for'),
      renew: input.flags.has('renew'),
      signal,
      now: new Date(),
    });
    for (const target of lostTargets(moved)) {
      progress.warn(
        `${name}@${channel} has nothing for ${target} any more: hosts of that kind stay where they are`,
      );
    }
    return {
      json: {
        ...jsonOf(name, channel, releases),
        changed: moved.changed,
        seq: moved.payload.seq,
        expires: moved.payload.expires ?? null,
      },
      text,
      summary: summaryOf(`${name}@${channel}`, text, moved),
    };
  });
}

function checkChannelName(channel: string): void {
  if (isChannelName(channel)) return;
  throw new SalverError('E_USAGE', `"${printable(channel)}" cannot be the name of a channel`, {
    hint: 'use a lower-case word such as production, staging or canary-2, that is not hexadecimal',
  });
}

/** Throws E_RELEASE_REVOKED when one of the releases is. */
async function revokedIds(
  store: Store,
  name: string,
  releases: readonly StoredRelease[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { revoked } = await listApp(store, name, { signal });
  const taken = releases.find(({ id }) => revoked.includes(id));
  if (taken === undefined) return revoked;
  throw new SalverError('E_RELEASE_REVOKED', `${name} ${taken.version} (${shortId(taken.id)}) was revoked`, {
    hint: 'promote another release: see `salver ls`',
    facts: { id: taken.id },
  });
}

function lostTargets({ before, payload }: Moved): readonly string[] {
  return Object.keys(before?.releases ?? {}).filter((target) => payload.releases[target] === undefined);
}

function jsonOf(name: string, channel: string, releases: readonly StoredRelease[]): object {
  return {
    name,
    channel,
    releases: releases.map(({ id, version, target }) => ({ id, version, target })),
  };
}

function summaryOf(channel: string, text: string, { changed, before, payload }: Moved): string {
  if (!changed) return `${channel} points to ${text} already: nothing to do`;
  const from = [
    ...new Set(Object.values(before?.releases ?? {}).map(({ version, id }) => `${version} (${shortId(id)})`)),
  ];
  const expiry = payload.expires === undefined ? '' : `, until ${payload.expires}`;
  return `${channel} points to ${text}${from.length === 0 ? '' : `, before to ${from.join(', ')}`} (number ${payload.seq}${expiry})`;
}
