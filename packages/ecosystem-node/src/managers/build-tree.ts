// Dependencies on disk for the app's own build: installed by the manager itself, development packages included, into
// the clean copy of the app. Its own directory there never ships.
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BuildTree, CollectedUnits } from '@salver/core';
import { buildCommandFailed, printable, runCommand } from '@salver/core';
import { currentManifest, currentScript } from '../current-manifest.js';
import { findNpmProgram } from '../npm-program.js';
import { createScriptEnvironment } from '../script-env.js';
import type { ManagedInput } from './collect.js';
import { detectManagedChanges, snapshotModules } from './detect-changes.js';
import { prepareProgram, programVersion } from './find-program.js';
import type { ManagerProgram } from './find-program.js';
import { install } from './install.js';

/** `.salver` is the one directory of an app that never is the app's. */
const PROGRAM_DIRECTORY = '.salver/manager';

interface Command {
  /** Directory of the package, relative to the app. */
  readonly directory: string;
  readonly event: string;
  readonly script: string;
  /** More places of programs, after the manager's own. */
  readonly programDirectories?: readonly string[];
}

interface Prepared extends ManagedInput {
  readonly appDir: string;
  readonly program: ManagerProgram;
}

/** Installs everything and hands over the tree. Throws what installing throws. */
export async function createManagedTree(
  input: ManagedInput,
  appDir: string,
  collected: CollectedUnits,
): Promise<BuildTree> {
  const { context, manager, project } = input;
  const directory = join(appDir, PROGRAM_DIRECTORY);
  mkdirSync(directory, { recursive: true });
  const program = await prepareProgram(input, await programVersion(input), directory);
  await install({ context, manager, project, program, kind: 'full', directory: appDir });
  const snapshot = snapshotModules(appDir, project.members);
  const prepared = { ...input, appDir, program };
  return {
    async runLifecycle() {
      for (const member of [...project.members, '']) {
        for (const event of manager.lifecycleEvents) await runEvent(prepared, member, event);
      }
    },
    programDirectories: [join(appDir, 'node_modules/.bin')],
    runCommand: (script, programDirectories = []) =>
      run(prepared, {
        directory: input.workspace?.directory ?? '',
        event: 'build',
        script,
        programDirectories,
      }),
    finish: () => Promise.resolve({ migrations: [] }),
    collectChanges: () =>
      detectManagedChanges({ context, appDir, project, units: collected.units, snapshot }),
  };
}

async function runEvent(input: Prepared, directory: string, event: string): Promise<void> {
  const packageDir = join(input.appDir, directory);
  const script = currentScript(packageDir, event);
  if (script !== undefined) await run(input, { directory, event, script });
}

/** Runs one command. Throws E_BUILD_COMMAND_FAILED with the end of its output. */
async function run(input: Prepared, command: Command): Promise<void> {
  const { directory, script, programDirectories = [] } = command;
  const { context, appDir } = input;
  const packageDir = join(appDir, directory);
  const step = context.progress.step(`running ${printable(script)}`);
  const env = environmentOf(input, command);
  const result = await runCommand({
    command: script,
    cwd: packageDir,
    env: { ...env, PATH: [...programDirectories, env['PATH'] ?? ''].join(delimiter) },
    signal: context.signal,
    onLine: (line) => step.detail(printable(line)),
  }).finally(() => step.end());
  if (result.exitCode !== 0) throw buildCommandFailed(script, result, directory);
}

/** The environment of an npm script, with the manager in npm's place. */
function environmentOf(
  input: Prepared,
  { directory, event, script }: Command,
): Readonly<Record<string, string>> {
  const { context, manager, program, appDir } = input;
  const packageDir = join(appDir, directory);
  const path = [program.binDir, context.env['PATH']].filter((part) => part !== undefined).join(delimiter);
  const base = createScriptEnvironment({
    projectDir: context.projectDir,
    rootDir: appDir,
    env: { ...context.env, PATH: path },
    npm: findNpmProgram(context.env),
    command: 'run-script',
  })({ packageDir, manifest: currentManifest(packageDir), event, script });
  const agent = `${manager.command}/${program.version} npm/? node/${process.version} ${process.platform} ${process.arch}`;
  const execPath = program.commandLine.at(-1) ?? manager.command;
  return { ...base, npm_config_user_agent: agent, npm_execpath: execPath };
}
