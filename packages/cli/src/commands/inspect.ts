import { readHead } from '@salver/core';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { renderHead, renderUnits } from '../render-head.js';
import { measureUnits } from '../unit-sizes.js';
import { withArtifact } from '../with-artifact.js';

/** `salver inspect`: reads the head only. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const artifact = inputPath(context, requiredArgument(context.input, 'ARTIFACT'));
  return withArtifact(artifact, (source) => {
    const head = readHead(source);
    const units = measureUnits(head);
    const { sizeBytes } = source;
    const { name, version, target, needs, host, migrations, format } = head.manifest;
    const lines = renderHead({ head, units, artifact, sizeBytes });
    if (context.input.flags.has('units')) lines.push('', ...renderUnits(units));
    return {
      json: {
        artifact,
        id: head.id,
        format,
        name,
        version,
        target,
        sizeBytes,
        needs,
        host,
        ...(migrations === undefined ? {} : { migrations }),
        source: head.label,
        units: units.map(({ unit, storedBytes }) => ({ ...unit, members: unit.members.length, storedBytes })),
      },
      text: lines.join('\n'),
    };
  });
}
