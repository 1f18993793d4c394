import { buildRelease, openBuildCache } from '@salver/builder';
import type { BuildResult } from '@salver/builder';
import { parseTarget } from '@salver/core';
import type { Store } from '@salver/core';
import { createManagerEcosystems, createNpmEcosystem } from '@salver/ecosystem-node';
import { createPythonEcosystem } from '@salver/ecosystem-python';
import { installScript } from '@salver/installer';
import { isAddress, openStore } from '@salver/stores';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath } from '../command-input.js';
import { renderBuildSummary } from '../render-build.js';
import { VERSION } from '../version.js';

/** `salver build`: the one place where the builder meets the ecosystems. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const dryRun = context.input.flags.has('dry-run');
  const result = await withSharedCache(context, (shared) => build(context, dryRun, shared));
  return {
    json: dryRun ? { ...result, dryRun } : result,
    text: result.artifact,
    summary: renderBuildSummary(result, dryRun).join('\n'),
  };
}

/** `--cache` with an address means a cache that is shared, beside the one of this machine. */
async function withSharedCache<T>(
  context: CommandContext,
  work: (shared: Store | undefined) => Promise<T>,
): Promise<T> {
  const address = sharedAddress(context);
  if (address === undefined) return work(undefined);
  const shared = await openStore(address, context);
  try {
    return await work(shared);
  } finally {
    shared.close();
  }
}

function sharedAddress({ input, env }: CommandContext): string | undefined {
  const given = (input.lists.get('cache') ?? []).find(isAddress);
  const fromEnv = env['SALVER_SHARED_CACHE'];
  return given ?? (fromEnv === '' ? undefined : fromEnv);
}

function build(context: CommandContext, dryRun: boolean, shared: Store | undefined): Promise<BuildResult> {
  const { input, env, progress, signal } = context;
  const cacheDir = (input.lists.get('cache') ?? []).find((word) => !isAddress(word));
  const target = input.values.get('target');
  const workspace = input.values.get('workspace');
  return buildRelease({
    projectDir: inputPath(context, input.arguments.get('DIR') ?? '.'),
    outputDir: inputPath(context, input.values.get('output') ?? '.'),
    ecosystems: [createNpmEcosystem(), ...createManagerEcosystems(), createPythonEcosystem()],
    cache: openBuildCache({
      env,
      progress,
      signal,
      shared,
      ...(cacheDir === undefined ? {} : { directory: inputPath(context, cacheDir) }),
    }),
    installScript,
    builderVersion: VERSION,
    offline: input.flags.has('offline'),
    strictIntegrity: input.flags.has('strict'),
    ...(workspace === undefined ? {} : { workspace }),
    ...(target === undefined ? {} : { target: parseTarget(target) }),
    dryRun,
    env,
    progress,
    signal,
  });
}
