import { buildRelease, openBuildCache } from '@salver/builder';
import type { BuildResult } from '@salver/builder';
import { parseTarget } from '@salver/core';
import { createNpmEcosystem } from '@salver/ecosystem-node';
import { installScript } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath } from '../command-input.js';
import { renderBuildSummary } from '../render-build.js';
import { VERSION } from '../version.js';

/** `salver build`: the one place where the builder meets the ecosystems. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const dryRun = context.input.flags.has('dry-run');
  const result = await build(context, dryRun);
  return {
    json: dryRun ? { ...result, dryRun } : result,
    text: result.artifact,
    summary: renderBuildSummary(result, dryRun).join('\n'),
  };
}

function build(context: CommandContext, dryRun: boolean): Promise<BuildResult> {
  const { input, env, progress, signal } = context;
  const cacheDir = input.values.get('cache');
  const target = input.values.get('target');
  return buildRelease({
    projectDir: inputPath(context, input.arguments.get('DIR') ?? '.'),
    outputDir: inputPath(context, input.values.get('output') ?? '.'),
    ecosystems: [createNpmEcosystem()],
    cache: openBuildCache({
      env,
      progress,
      signal,
      ...(cacheDir === undefined ? {} : { directory: inputPath(context, cacheDir) }),
    }),
    installScript,
    builderVersion: VERSION,
    offline: input.flags.has('offline'),
    strictIntegrity: input.flags.has('strict'),
    ...(target === undefined ? {} : { target: parseTarget(target) }),
    dryRun,
    env,
    progress,
    signal,
  });
}
