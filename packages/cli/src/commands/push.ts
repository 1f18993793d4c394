import { existsSync, readFileSync } from 'node:fs';
import { splitSignatures } from '@salver/core';
import type { ArtifactHead, ArtifactSource, Store } from '@salver/core';
import { verifyArtifact } from '@salver/installer';
import { publishAssets, pushRelease } from '@salver/stores';
import type { Published } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { signersOf } from '../key-input.js';
import { withStore } from '../store-input.js';
import { withArtifact } from '../with-artifact.js';

/**
 * `salver push`: verifies every byte first; what cannot be installed is not worth pushing. Assets come before the
 * release: whoever installs it finds them.
 */
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
      const isDryRun = context.input.flags.has('dry-run');
      const assets = await pushAssets(context, { source, head, isDryRun });
      if (isDryRun) {
        const would = `would push ${formatBytes(source.sizeBytes)} to ${store.description}; nothing was changed`;
        const summary = [...assets.lines, would].join('\n');
        return { json: { ...facts, ...assets.json, dryRun: true }, text: head.id, summary };
      }
      return push(context, { store, path, head, beside, facts, assets });
    }),
  );
}

/** What to say of the assets; nothing without `--assets`. */
interface AssetsReport {
  readonly json: object;
  readonly lines: readonly string[];
  readonly changed: boolean;
}

async function pushAssets(
  context: CommandContext,
  work: { readonly source: ArtifactSource; readonly head: ArtifactHead; readonly isDryRun: boolean },
): Promise<AssetsReport> {
  const given = context.input.values.get('assets');
  if (given === undefined) return { json: {}, lines: [], changed: false };
  const { progress, signal } = context;
  const { source, head, isDryRun } = work;
  if (!head.manifest.units.some(({ assets }) => assets !== undefined))
    progress.warn('the release has no assets: name their directories in salver.json under "assets"');
  return withStore(
    context,
    async (store) => {
      const done = await publishAssets({ store, source, head, progress, signal, dryRun: isDryRun });
      return {
        json: { assets: { store: store.description, ...done } },
        lines: [assetsLine(done, store, isDryRun)],
        changed: done.published + done.replaced > 0,
      };
    },
    given,
  );
}

function assetsLine(
  { published, present, replaced, bytes }: Published,
  store: Store,
  would: boolean,
): string {
  const changed = replaced === 0 ? '' : `, ${replaced} replaced`;
  const counts = `${published} published${changed}, ${present} there already`;
  return `assets${would ? ' (not written)' : ''}: ${counts} (${formatBytes(bytes)} to ${store.description})`;
}

async function push(
  context: CommandContext,
  work: {
    readonly store: Store;
    readonly path: string;
    readonly head: ArtifactHead;
    readonly beside: readonly string[];
    readonly facts: object;
    readonly assets: AssetsReport;
  },
): Promise<CommandResult> {
  const { store, path, head, beside, facts, assets } = work;
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
      json: {
        changed: changed || signaturesAdded > 0 || assets.changed,
        ...facts,
        target,
        key,
        sizeBytes,
        signaturesAdded,
        ...assets.json,
      },
      text: head.id,
      summary: [
        ...assets.lines,
        `${done}${signed}`,
        `promote it: salver promote ${name}@${head.id.slice(0, 12)} CHANNEL`,
      ].join('\n'),
    };
  } finally {
    step.end();
  }
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
