import { installRelease } from '@salver/installer';
import type { Durability, InstallResult, LinkMode } from '@salver/installer';
import type { ArtifactSource } from '@salver/core';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument, requiredRoot, waitMs, watchMs } from '../command-input.js';
import { previewInstall } from '../dry-run.js';
import type { InstallPreview } from '../dry-run.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { phaseLine } from '../phase-line.js';
import { withArtifact } from '../with-artifact.js';

/** `salver-host install`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const root = requiredRoot(context);
  const path = inputPath(context, requiredArgument(context.input, 'ARTIFACT'));
  const activate = !context.input.flags.has('no-activate');
  return withArtifact(path, async (source) => {
    const { input, env } = context;
    const options = { root, env, activate, force: input.flags.has('force') };
    if (input.flags.has('dry-run')) return preview(await previewInstall(source, options));
    const result = await install(context, { source, root, activate });
    return { json: result, text: result.release, summary: summaryOf(result) };
  });
}

function install(
  { input, progress, env, signal }: CommandContext,
  what: { readonly source: ArtifactSource; readonly root: string; readonly activate: boolean },
): Promise<InstallResult> {
  return installRelease({
    ...what,
    rehash: input.flags.has('rehash'),
    // The table of the command allows no other values.
    durability: input.values.get('durability') as Durability | undefined,
    linkMode: input.values.get('link-mode') as LinkMode | undefined,
    migrate: input.flags.has('migrate'),
    force: input.flags.has('force'),
    watchMs: watchMs(input),
    waitMs: waitMs(input),
    env,
    progress,
    signal,
  });
}

function preview(result: InstallPreview): CommandResult {
  const { changed, release } = result;
  const summary = changed ? `would install ${release}; nothing was changed` : nothingToDo(release);
  return { json: { ...result, dryRun: true }, text: release, summary };
}

function nothingToDo(release: string): string {
  return `${release} is installed already: nothing to do`;
}

function summaryOf(result: InstallResult): string {
  if (!result.changed) return nothingToDo(result.release);
  const files = `${formatCount(result.filesWritten, 'file')} written, ${formatCount(result.filesLinked, 'file')} linked`;
  return `installed ${result.release}: ${formatBytes(result.bytesFetched)} read, ${files}\n${phaseLine(result.phasesMs)}`;
}
