// Dependencies on disk in a clean copy of the app: lifecycle scripts and build commands run here as npm
// would run them, and what they changed is found afterwards.
import { delimiter, join } from 'node:path';
import type { BuildTree, CollectedUnits, EcosystemContext } from '@salver/core';
import { buildCommandFailed, printable, runCommand } from '@salver/core';
import { currentManifest, currentScript } from './current-manifest.js';
import { detectChanges } from './detect-changes.js';
import type { InstallPlan } from './install-plan.js';
import { layOut } from './lay-out.js';
import { LINK_EVENTS, ROOT_EVENTS } from './lifecycle.js';
import type { NpmOptions } from './npm-options.js';
import { findNpmProgram } from './npm-program.js';
import { createScriptEnvironment } from './script-env.js';

export interface BuildTreeInput {
  readonly context: EcosystemContext;
  readonly plan: InstallPlan;
  readonly npmOptions: NpmOptions;
  readonly appDir: string;
  readonly collected: CollectedUnits;
}

interface Command {
  /** Directory of the package, relative to the app. */
  readonly directory: string;
  readonly event: string;
  readonly script: string;
  readonly npmCommand: 'ci' | 'run-script';
  /** More places of programs, after npm's own. */
  readonly programDirectories?: readonly string[];
}

/** Lays out everything and hands over the tree. Throws what `layOut` throws. */
export async function createBuildTree(input: BuildTreeInput): Promise<BuildTree> {
  const { context, plan, npmOptions, appDir, collected } = input;
  const units = collected.units.filter(({ kind }) => kind === 'npm');
  const scripts = {
    environment: environmentFor(input, 'ci'),
    signal: context.signal,
    ...(npmOptions.scriptShell === undefined ? {} : { shell: npmOptions.scriptShell }),
  };
  const { stamps } = await layOut({ context, plan, npmOptions, appDir, units, scripts });
  return {
    async runLifecycle() {
      if (npmOptions.ignoreScripts) return;
      for (const event of LINK_EVENTS) {
        for (const { targetPath } of plan.links) {
          if (targetPath !== '') await runEvent(input, targetPath, event);
        }
      }
      for (const event of ROOT_EVENTS) await runEvent(input, '', event);
    },
    programDirectories: [join(appDir, 'node_modules/.bin')],
    async runCommand(command, programDirectories = []) {
      await run(input, {
        directory: context.workspace ?? '',
        event: 'build',
        script: command,
        npmCommand: 'run-script',
        programDirectories,
      });
    },
    finish: () => Promise.resolve({ migrations: [] }),
    collectChanges: () =>
      detectChanges({
        cache: context.cache,
        plan,
        projectDir: context.projectDir,
        appDir,
        units: collected.units,
        stamps,
        warn: (text) => context.progress.warn(text),
      }),
  };
}

async function runEvent(input: BuildTreeInput, directory: string, event: string): Promise<void> {
  const packageDir = join(input.appDir, directory);
  const script = currentScript(packageDir, event);
  if (script !== undefined) await run(input, { directory, event, script, npmCommand: 'ci' });
}

/** Runs one command. Throws E_BUILD_COMMAND_FAILED with the end of its output. */
async function run(input: BuildTreeInput, command: Command): Promise<void> {
  const { context, npmOptions, appDir } = input;
  const packageDir = join(appDir, command.directory);
  const step = context.progress.step(`running ${printable(command.script)}`);
  const env = environmentFor(
    input,
    command.npmCommand,
  )({
    packageDir,
    manifest: currentManifest(packageDir),
    event: command.event,
    script: command.script,
  });
  const path = [...(command.programDirectories ?? []), env['PATH'] ?? ''].join(delimiter);
  const result = await runCommand({
    command: command.script,
    cwd: packageDir,
    env: { ...env, PATH: path },
    signal: context.signal,
    onLine: (line) => step.detail(printable(line)),
    ...(npmOptions.scriptShell === undefined ? {} : { shell: npmOptions.scriptShell }),
  }).finally(() => step.end());
  if (result.exitCode !== 0) throw buildCommandFailed(command.script, result, command.directory);
}

function environmentFor(input: BuildTreeInput, command: 'ci' | 'run-script') {
  const { env, projectDir } = input.context;
  return createScriptEnvironment({
    projectDir,
    rootDir: input.appDir,
    env,
    npm: findNpmProgram(env),
    command,
  });
}
