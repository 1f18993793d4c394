// The environment in a clean copy of the app, for the app's own build.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildFindings, BuildTree, CollectedUnits, EcosystemContext } from '@salver/core';
import { buildCommandFailed, fileSystemError, printable, runCommand } from '@salver/core';
import { compileApp } from './compile-app.js';
import { finishDjango } from './django/django-build.js';
import type { InstallPlan } from './install-plan.js';
import { cleanEnvironment } from './interpreter.js';
import { VENV } from './venv-layout.js';
import { makeVirtualEnv, virtualEnvVariables } from './virtual-env.js';

export interface BuildTreeInput {
  readonly context: EcosystemContext;
  readonly plan: InstallPlan;
  readonly appDir: string;
  readonly collected: CollectedUnits;
  readonly isDjango: boolean;
}

/**
 * Links an environment that is kept for builds with the same packages. What a build changes below `.venv` does not ship:
 * wheels are as they were published.
 */
export async function createBuildTree({
  context,
  plan,
  appDir,
  collected,
  isDjango,
}: BuildTreeInput): Promise<BuildTree> {
  const { interpreter } = plan;
  const units = collected.units.map(({ content }) => content);
  const key = [
    'python-env',
    interpreter.path,
    interpreter.fullVersion,
    ...units.map((unit) => unit.key),
  ].join('\n');
  const kept = await context.cache.keepTree(key, (directory) => {
    makeVirtualEnv(directory, units, { interpreter, cache: context.cache });
    return Promise.resolve();
  });
  linkEnvironment(join(kept, VENV), join(appDir, VENV));
  const variables = virtualEnvVariables(appDir, context.env['PATH'] ?? '');
  const runDjango = (): Promise<BuildFindings> =>
    context.cache.withTempDir((scratchDir) =>
      finishDjango({
        context,
        settings: context.python.django ?? {},
        appDir,
        scratchDir,
        packages: new Set(plan.lock.packages.map(({ name }) => name)),
      }),
    );
  return {
    programDirectories: [join(appDir, VENV, 'bin')],
    runLifecycle: () => Promise.resolve(),
    async runCommand(command, programDirectories = []) {
      const step = context.progress.step(`running ${printable(command)}`);
      const result = await runCommand({
        command,
        cwd: appDir,
        env: {
          ...definedOf(context.env),
          ...variables,
          PATH: [...programDirectories, variables['PATH']].join(':'),
        },
        signal: context.signal,
        onLine: (line) => step.detail(printable(line)),
      }).finally(() => step.end());
      if (result.exitCode !== 0) throw buildCommandFailed(command, result);
    },
    finish: async (listShipped) => {
      // Side by side: to start Django is most of a warm build.
      const [findings, writeBytecode] = await Promise.all([
        isDjango ? runDjango() : { migrations: [] },
        compileApp({ context, interpreter, appDir, paths: listShipped() }),
      ]);
      writeBytecode();
      return findings;
    },
    collectChanges: () => Promise.resolve({ changed: [], removedPaths: [] }),
  };
}

function linkEnvironment(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    throw fileSystemError(error, `cannot link ${VENV}`);
  }
}

/** The builder's environment without what leads Python elsewhere. */
function definedOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(cleanEnvironment(env)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
