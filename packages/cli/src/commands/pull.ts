import { artifactKey, hostTarget, formatTarget } from '@salver/core';
import { downloadRelease } from '@salver/stores';
import { verifyArtifact } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes } from '../format-amounts.js';
import { withStore } from '../store-input.js';
import { requireNamedRelease, resolveRelease } from '../stored-release.js';
import { withArtifact } from '../with-artifact.js';

/** `salver pull`: what has not been verified never gets the name of an artifact. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, progress, signal } = context;
  const named = requireNamedRelease(requiredArgument(input, 'RELEASE'));
  const directory = inputPath(context, input.values.get('output') ?? '.');
  const target = input.values.get('target') ?? formatTarget(hostTarget());
  return withStore(context, async (store) => {
    const release = await resolveRelease(store, named, { target, signal });
    const { name } = named;
    const artifact = await downloadRelease({
      store,
      key: artifactKey(name, release.file),
      directory,
      progress,
      signal,
      verify: (path) =>
        withArtifact(
          path,
          async (source) => (await verifyArtifact({ source, progress, signal })).id === release.id,
        ),
    });
    return {
      json: { artifact: artifact.path, id: release.id, name, version: release.version, ...artifact },
      text: artifact.path,
      summary: `pulled ${name} ${release.version}: ${formatBytes(artifact.bytesFetched)} moved, every byte verified`,
    };
  });
}
