import { verifyArtifact } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { withArtifact } from '../with-artifact.js';

/** `salver verify`. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const artifact = inputPath(context, requiredArgument(context.input, 'ARTIFACT'));
  return withArtifact(artifact, async (source) => {
    const { progress, signal } = context;
    const head = await verifyArtifact({ source, progress, signal });
    const { name, version, target, units } = head.manifest;
    const amount = `${formatBytes(source.sizeBytes)} in ${formatCount(head.layout.members.length, 'member')}`;
    return {
      json: {
        ok: true,
        artifact,
        id: head.id,
        name,
        version,
        target,
        sizeBytes: source.sizeBytes,
        units: units.length,
      },
      text: head.id,
      summary: `every byte is as the manifest of ${name} ${version} (${target}) says: ${amount}`,
    };
  });
}
