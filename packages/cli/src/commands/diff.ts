import { readHead } from '@salver/core';
import type { ArtifactHead } from '@salver/core';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { diffReleases } from '../diff-releases.js';
import { renderDiff } from '../render-diff.js';
import { withArtifact } from '../with-artifact.js';

/** `salver diff`: reads both heads only. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const from = await headAt(context, 'A');
  const to = await headAt(context, 'B');
  const diff = diffReleases(from, to);
  return { json: diff, text: renderDiff(diff).join('\n') };
}

function headAt(context: CommandContext, name: string): Promise<ArtifactHead> {
  return withArtifact(inputPath(context, requiredArgument(context.input, name)), readHead);
}
