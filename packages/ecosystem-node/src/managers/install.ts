// Runs a manager's frozen installation in a directory, and says what went wrong in Salver's own codes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { CommandResult, EcosystemContext } from '@salver/core';
import { SalverError, fileSystemError, formatTail, isSalverError, printable, runCommand } from '@salver/core';
import { isObject } from '../lockfile-shape.js';
import { memberBins } from './member-bins.js';
import { reproducibleVariables } from '../native-build.js';
import { findNpmProgram } from '../npm-program.js';
import type { NpmProgram } from '../npm-program.js';
import { matchingNodedir } from '../script-env.js';
import type { ManagerProgram } from './find-program.js';
import type { AppWorkspace, FailurePattern, InstallKind, Manager, SeenScript } from './manager.js';
import type { ManagerProject } from './read-project.js';

export interface InstallInput {
  readonly context: EcosystemContext;
  readonly manager: Manager;
  readonly project: ManagerProject;
  readonly program: ManagerProgram;
  readonly kind: InstallKind;
  readonly workspace?: AppWorkspace;
  /** Where the project's files lie and node_modules will. */
  readonly directory: string;
}

/** What any manager's output says when the network, or a dependency's own script, is at fault. */
const COMMON_FAILURES: readonly FailurePattern[] = [
  {
    pattern:
      /ELIFECYCLE|couldn't be built successfully|install script from .* exited|^error .*: Command failed/,
    code: 'E_INSTALL_SCRIPT_FAILED',
    reason: 'the install script of a dependency failed',
    hint: 'read its output; install the compiler or library it asks for',
  },
  {
    pattern:
      /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ConnectionRefused|FailedToOpenSocket|ECONNRESET|META_FETCH_FAIL/,
    code: 'E_REGISTRY_UNREACHABLE',
    reason: 'the registry cannot be reached',
    hint: 'check the network, the proxy settings and `registry` in the configuration of the manager',
  },
  {
    pattern: /ENOSPC/,
    code: 'E_DISK_FULL',
    reason: 'the disk is full',
    hint: 'free space and run the command again',
  },
];

/**
 * Installs. Scripts of the project itself do not run: theirs is the app's build. Returns the install scripts that
 * the output names. Throws E_LOCK_OUT_OF_SYNC, E_LOCK_INVALID, E_INSTALL_SCRIPT_FAILED, E_REGISTRY_UNREACHABLE, …,
 * or E_COMMAND_FAILED, each with the end of the output.
 */
export async function install(input: InstallInput): Promise<readonly SeenScript[]> {
  const { manager, project, program, kind, context, directory, workspace } = input;
  const restore = hideLifecycle(directory, project, manager);
  const seen: SeenScript[] = [];
  const step = context.progress.step(`installing with ${manager.command} ${program.version}`);
  try {
    const app = workspace === undefined ? {} : { workspace };
    const request = { kind, project, version: program.version, offline: context.offline, ...app };
    const env = { ...environmentFor(input), ...manager.environment(request) };
    for (const { args, withoutDevelopment = false } of manager.installs(request)) {
      if (withoutDevelopment) dropDevelopment(input);
      const lines: string[] = [];
      const result = await runCommand({
        command: [...program.commandLine, ...args].map(quote).join(' '),
        cwd: directory,
        env,
        signal: context.signal,
        onLine(line) {
          step.detail(printable(line));
          lines.push(line);
          const script = manager.seenScript?.(line);
          if (script !== undefined) seen.push(script);
        },
      });
      if (result.exitCode !== 0) throw failure(result, lines, args, input);
      if (!withoutDevelopment) checkLock(input);
    }
    return seen;
  } finally {
    restore();
    step.end();
  }
}

/** A frozen installation leaves the lock as it is. */
function checkLock({ manager, project, directory }: InstallInput): void {
  const { lockfile, files } = project;
  if (files.get(lockfile)?.bytes.equals(readFileSync(join(directory, lockfile))) === true) return;
  throw new SalverError(
    'E_LOCK_OUT_OF_SYNC',
    `${lockfile} does not agree with package.json: ${manager.command} would change it`,
    { hint: `run \`${manager.command} install\` and commit ${lockfile}`, facts: { lockfile } },
  );
}

/**
 * Copies what decides about dependencies into an empty directory. The bins of workspaces are there as empty files: a
 * manager may make no link to a file that is missing.
 */
export function writeProject(
  { project, manager, workspace }: Pick<InstallInput, 'project' | 'manager' | 'workspace'>,
  directory: string,
): void {
  try {
    for (const path of memberBins(project.memberManifests)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), '', { mode: 0o755 });
    }
    for (const [path, { bytes, executable }] of project.files) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), bytes, { mode: executable ? 0o755 : 0o644 });
    }
    if (manager.rootManifestWhen === undefined) narrowRoot({ project, manager, workspace }, directory);
  } catch (error) {
    throw fileSystemError(error, `cannot copy the project to ${directory}`);
  }
}

/** Shows a manager that always installs for all workspaces only those that the app needs. */
function narrowRoot(
  {
    project,
    manager,
    workspace,
  }: Pick<InstallInput, 'project' | 'manager'> & { workspace: AppWorkspace | undefined },
  directory: string,
): void {
  if (workspace === undefined || manager.rootManifestFor === undefined) return;
  const manifest = manager.rootManifestFor(project, workspace);
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest, null, 2));
}

/** Nobody but the manager looks at these files again. */
function dropDevelopment({ project, manager, workspace, directory }: InstallInput): void {
  narrowRoot({ project, manager, workspace }, directory);
  for (const member of ['', ...project.members]) {
    const path = join(directory, member, 'package.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...manifest, devDependencies: {} }, null, 2));
  }
}

/** Takes the project's own lifecycle scripts out of the way; the returned function puts them back. */
function hideLifecycle(directory: string, project: ManagerProject, manager: Manager): () => void {
  const originals = new Map<string, Buffer>();
  for (const member of ['', ...project.members]) {
    const path = join(directory, member, 'package.json');
    const bytes = readFileSync(path);
    const manifest: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    if (!isObject(manifest) || !isObject(manifest['scripts'])) continue;
    const scripts = Object.entries(manifest['scripts']);
    const kept = scripts.filter(([event]) => !manager.lifecycleEvents.includes(event));
    if (kept.length === scripts.length) continue;
    originals.set(path, bytes);
    writeFileSync(path, `${JSON.stringify({ ...manifest, scripts: Object.fromEntries(kept) }, null, 2)}\n`);
  }
  return () => {
    for (const [path, bytes] of originals) writeFileSync(path, bytes);
  };
}

/** What the builder was started with, and what lets native builds find Node's headers and leave no traces. */
export function environmentFor({
  context,
  program,
  directory,
}: Pick<InstallInput, 'context' | 'program' | 'directory'>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(context.env)) {
    // NODE_ENV would change what is installed.
    if (value !== undefined && name !== 'NODE_ENV') env[name] = value;
  }
  const npm = findNpm(context);
  const path = [program.binDir, env['PATH'], npm?.nodeGypBinDir].filter((part) => part !== undefined);
  const nodedir = env['npm_config_nodedir'] ?? matchingNodedir(process.execPath);
  return {
    ...env,
    ...reproducibleVariables(directory, env, ''),
    ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }),
    ...(npm === undefined ? {} : { npm_config_node_gyp: npm.nodeGypPath }),
    PATH: path.join(delimiter),
    NO_COLOR: '1',
    COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
  };
}

/** npm brings a node-gyp; without npm the manager must find one itself. */
function findNpm({ env }: EcosystemContext): NpmProgram | undefined {
  try {
    return findNpmProgram(env);
  } catch (error) {
    if (!isSalverError(error, 'E_TOOL_MISSING')) throw error;
    return undefined;
  }
}

function quote(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function failure(
  result: CommandResult,
  lines: readonly string[],
  args: readonly string[],
  { manager, program, project }: InstallInput,
): SalverError {
  const known = [...manager.failures, ...COMMON_FAILURES].find(({ pattern }) =>
    lines.some((line) => pattern.test(line)),
  );
  const how =
    result.killedBy === undefined
      ? `ended with ${result.exitCode ?? 'no status'}`
      : `died of ${result.killedBy}`;
  const command = `${manager.command} ${args[0] ?? ''}`;
  // Where in the manager's own code it happened helps nobody.
  const tail = result.tail.filter((line) => !/^\s+at .*:\d+:\d+\)?$/.test(line));
  const output = tail.length === 0 ? '' : `:\n${formatTail(tail)}`;
  return new SalverError(
    known?.code ?? 'E_COMMAND_FAILED',
    `${known === undefined ? '' : `${known.reason}: `}\`${command}\` (${program.version}) ${how}${output}`,
    {
      hint: known?.hint ?? `run \`${command}\` by hand in a clean checkout`,
      facts: { command, lockfile: project.lockfile, output: tail },
    },
  );
}
