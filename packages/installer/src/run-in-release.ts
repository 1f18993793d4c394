// `run -- CMD`: a command in the release as it is now. The working directory is the resolved release, never
// `current`: a command that runs while `current` moves on must not mix two versions.
import { spawn } from 'node:child_process';
import { constants as osConstants } from 'node:os';
import { SalverError, errnoOf, printable } from '@salver/core';
import { readEnvFile } from './env-file.js';
import { hostPaths, releasePath } from './host-paths.js';
import { requireRoot } from './prepare-root.js';
import { currentRelease } from './release-links.js';
import { programVariables, withDefaults, withoutPythonVariables } from './release-environment.js';
import { findRelease } from './release-reference.js';
import { readManifestOrNone } from './require-release.js';

export interface RunOptions {
  readonly root: string;
  /** Name, version or beginning of the id. Default: the current release. */
  readonly release?: string | undefined;
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /** What the command inherits; config/env is laid over it. Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const SIGNAL_EXIT_BASE = 128;
const EXIT_NOT_FOUND = 127;

/**
 * Runs the command with this process's standard streams. Resolves to its exit code; 128 + n when signal n ended
 * it. Throws E_RELEASE_NOT_FOUND, E_ROOT_UNUSABLE, E_CONFIG_INVALID, E_USAGE, E_COMMAND_FAILED (cannot start).
 */
export async function runInRelease(options: RunOptions): Promise<number> {
  const [program, ...args] = options.command;
  if (program === undefined) {
    throw new SalverError('E_USAGE', 'no command to run', { hint: 'salver-host run -- node script.js' });
  }
  const { directory, env } = releaseEnvironment(options);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: directory, env, stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
    const stopForwarding = (): void => {
      for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
    };
    child.on('error', (error) => {
      stopForwarding();
      reject(cannotStart(program, error));
    });
    child.on('close', (code, signal) => {
      stopForwarding();
      resolve(code ?? SIGNAL_EXIT_BASE + (signal === null ? 0 : osConstants.signals[signal]));
    });
  });
}

/** The release's directory and the environment of its commands. Throws as {@link runInRelease}. */
export function releaseEnvironment(options: Pick<RunOptions, 'root' | 'release' | 'env'>): {
  readonly directory: string;
  readonly env: Record<string, string | undefined>;
} {
  const paths = hostPaths(options.root);
  requireRoot(paths);
  const reference = options.release ?? currentRelease(paths);
  if (reference === undefined) {
    throw new SalverError('E_RELEASE_NOT_FOUND', `no release is active in ${paths.root}`, {
      hint: 'install or activate one first',
    });
  }
  const release = findRelease(paths, reference);
  const directory = releasePath(paths, release);
  const manifest = readManifestOrNone(paths, release);
  const inherited = withoutPythonVariables(manifest, options.env ?? process.env);
  const env = withDefaults(manifest, { ...inherited, ...Object.fromEntries(readEnvFile(paths.envFile)) });
  return {
    directory,
    env: {
      ...env,
      ...programVariables(manifest, directory, env.PATH),
      SALVER_ROOT: paths.root,
      SALVER_RELEASE: release,
    },
  };
}

function cannotStart(program: string, error: Error): SalverError {
  const errno = errnoOf(error) ?? error.message;
  return new SalverError('E_COMMAND_FAILED', `cannot run ${printable(program)}: ${errno}`, {
    cause: error,
    hint: 'give a program of the release (its own come first) or of PATH',
    facts: { exitCode: EXIT_NOT_FOUND },
  });
}
