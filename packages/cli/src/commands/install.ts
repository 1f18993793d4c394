import { setTimeout as delay } from 'node:timers/promises';
import { SalverError, parseNamedRelease, readHead } from '@salver/core';
import type { ArtifactSource } from '@salver/core';
import { NOTHING_MOVED, checkRelease, hostPaths, installRelease } from '@salver/installer';
import type { Durability, FetchPlan, InstallOptions, InstallResult, LinkMode } from '@salver/installer';
import { isAddress, openAddress } from '@salver/stores';
import { sshSignatureVerifier } from '@salver/trust';
import type { CommandContext, CommandResult } from '../command.js';
import { durationMs, inputPath, requiredArgument, requiredRoot, waitMs, watchMs } from '../command-input.js';
import { previewInstall } from '../dry-run.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { storeTexts, withFirstStore } from '../host-stores.js';
import { installNamed } from '../install-named.js';
import type { NamedResult } from '../install-named.js';
import { phaseLine } from '../phase-line.js';
import { withArtifact } from '../with-artifact.js';

/** `salver-host install`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input } = context;
  const root = requiredRoot(context);
  const text = requiredArgument(input, 'RELEASE');
  await waitJitter(context);
  const named = parseNamedRelease(text);
  if (named === undefined) {
    const result = await withSource(context, root, text, (source) => install(context, root, { source }));
    return shown(context, { result });
  }
  const done = await withFirstStore(context, storeTexts(context, root), (store) =>
    installNamed(context, store, named, {
      root,
      activate: isActivated(context),
      retry: input.flags.has('retry'),
      dryRun: input.flags.has('dry-run'),
      verifier: sshSignatureVerifier(),
      install: (offer) => install(context, root, offer),
    }),
  );
  return shown(context, done);
}

/** So that a fleet does not ask all at once. */
async function waitJitter({ input, signal }: CommandContext): Promise<void> {
  const longestMs = durationMs(input, 'jitter');
  if (longestMs === undefined) return;
  try {
    await delay(Math.random() * longestMs, undefined, { signal });
  } catch (error) {
    throw new SalverError('E_INTERRUPTED', 'interrupted', { cause: error });
  }
}

function withSource<T>(
  context: CommandContext,
  root: string,
  text: string,
  work: (source: ArtifactSource) => Promise<T>,
): Promise<T> {
  if (!isAddress(text)) return withArtifact(inputPath(context, text), work);
  return openAddress(text, { ...context, downloads: hostPaths(root).downloads }, work);
}

function isActivated({ input }: CommandContext): boolean {
  return !input.flags.has('no-activate');
}

async function install(
  context: CommandContext,
  root: string,
  offer: Pick<InstallOptions, 'source' | 'expected' | 'channel'>,
): Promise<InstallResult> {
  const { input, progress, env, signal } = context;
  const force = input.flags.has('force');
  const activate = isActivated(context);
  const verifier = sshSignatureVerifier();
  if (input.flags.has('dry-run')) {
    const head = readHead(offer.source);
    await checkRelease(hostPaths(root), { ...offer, head, verifier, now: new Date() });
    const preview = await previewInstall(offer.source, { root, env, activate, force });
    return { ...NOTHING_MOVED, ...preview };
  }
  return installRelease({
    ...offer,
    root,
    activate,
    force,
    rehash: input.flags.has('rehash'),
    // The table of the command allows no other values.
    durability: input.values.get('durability') as Durability | undefined,
    linkMode: input.values.get('link-mode') as LinkMode | undefined,
    migrate: input.flags.has('migrate'),
    watchMs: watchMs(input),
    waitMs: waitMs(input),
    verifier,
    onFetchPlan: (plan) => progress.note(planLine(plan)),
    env,
    progress,
    signal,
  });
}

/** `2.2 MB of 62 MB in 7 ranges, 24,611 files linked`. */
function planLine({ bytes, ofBytes, requests, filesLinked }: FetchPlan): string {
  const amount = `${formatBytes(bytes)} of ${formatBytes(ofBytes)} in ${formatCount(requests, 'range')}`;
  return `${amount}, ${formatCount(filesLinked, 'file')} linked`;
}

function shown({ input }: CommandContext, { result, held, seq }: NamedResult): CommandResult {
  const dryRun = input.flags.has('dry-run');
  const extra = { ...(seq === undefined ? {} : { seq }), ...(held === undefined ? {} : { held }) };
  const { changed, id, release, previous } = result;
  const json = dryRun ? { changed, id, release, previous, ...extra, dryRun } : { ...result, ...extra };
  return { json, text: release, summary: summaryOf({ result, held }, dryRun) };
}

function summaryOf({ result, held }: NamedResult, dryRun: boolean): string {
  const { release, changed } = result;
  if (held !== undefined) {
    return `${held} was left here on purpose and is not made current again; --retry does that`;
  }
  if (!changed) return `${release} is installed already: nothing to do`;
  if (dryRun) return `would install ${release}; nothing was changed`;
  const files = `${formatCount(result.filesWritten, 'file')} written, ${formatCount(result.filesLinked, 'file')} linked`;
  return `installed ${release}: ${formatBytes(result.bytesFetched)} read, ${files}\n${phaseLine(result.phasesMs)}`;
}
