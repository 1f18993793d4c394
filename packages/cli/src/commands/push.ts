import { existsSync, readFileSync } from 'node:fs';
import { splitSignatures } from '@salver/core';
import type { ArtifactHead, Store } from '@salver/core';
import { verifyArtifact } from '@salver/installer';
import { pushRelease } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { signersOf } from '../key-input.js';
import { withStore } from '../store-input.js';
import { withArtifact } from '../with-artifact.js';

/** `salver push`: verifies every byte first; what cannot be installed is not worth pushing. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const path = inputPath(context, requiredArgument(context.input, 'ARTIFACT'));
  return withStore(context, (store) =>
    withArtifact(path, async (source) => {
      const { progress, signal } = context;
      const head = await verifyArtifact({ source, progress, signal });
      const beside = splitSignatures((await source.readSignatures?.(head.id)) ?? '');
      const facts = {
        store: store.description,
        id: head.id,
        name: head.manifest.name,
        version: head.manifest.version,
      };
      if (context.input.flags.has('dry-run')) {
        const summary = `would push ${formatBytes(source.sizeBytes)} to ${store.description}; nothing was changed`;
        return { json: { ...facts, dryRun: true }, text: head.id, summary };
      }
      return push(context, { store, path, head, beside, facts });
    }),
  );
}

async function push(
  context: CommandContext,
  work: {
    readonly store: Store;
    readonly path: string;
    readonly head: ArtifactHead;
    readonly beside: readonly string[];
    readonly facts: object;
  },
): Promise<CommandResult> {
  const { store, path, head, beside, facts } = work;
  const signatures = [...beside];
  for (const signer of signersOf(context))
    signatures.push(await signer.sign(head.manifestBytes, 'salver-release'));
  const step = context.progress.step('pushing');
  try {
    const provenance = readIfThere(`${path}.provenance.json`);
    const options = { store, path, head, signatures, provenance, signal: context.signal, now: new Date() };
    const { changed, key, sizeBytes, signaturesAdded } = await pushRelease(options);
    const { name, version, target } = head.manifest;
    const release = `${name} ${version} (${target})`;
    const done = changed
      ? `pushed ${release}: ${formatBytes(sizeBytes)}`
      : `${release} is in the store already`;
    const signed = signaturesAdded === 0 ? '' : `, ${formatCount(signaturesAdded, 'signature')} added`;
    return {
      json: { changed: changed || signaturesAdded > 0, ...facts, target, key, sizeBytes, signaturesAdded },
      text: head.id,
      summary: `${done}${signed}\npromote it: salver promote ${name}@${head.id.slice(0, 12)} CHANNEL`,
    };
  } finally {
    step.end();
  }
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
