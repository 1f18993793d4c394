// Questions to git about the project. git is optional: without it, or outside of a repository, there is no answer.
import { spawn } from 'node:child_process';
import { errnoOf } from '@salver/core';

type Environment = Readonly<Record<string, string | undefined>>;

/** A listing of a very large repository stays below this. */
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Settings that make git answer the same everywhere: no file monitor or hook of the repository is run, the owner of the
 * directory does not matter (nothing of it is executed), and the index is not rewritten.
 */
const SETTINGS = ['--no-optional-locks', '-c', 'safe.directory=*', '-c', 'core.fsmonitor=false'];

/** What git prints, or undefined when git is missing or fails. */
export async function askGit(
  directory: string,
  args: readonly string[],
  env: Environment,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...SETTINGS, ...args], {
      cwd: directory,
      env: gitEnvironment(env),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > OUTPUT_BYTES_MAX) child.kill('SIGKILL');
    });
    child.on('error', (error) => {
      if (errnoOf(error) === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', (status) => resolve(status === 0 ? Buffer.concat(chunks) : undefined));
  });
}

/** Without the variables a git hook sets: they would point at the repository the hook runs in. */
function gitEnvironment(env: Environment): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || name === 'GIT_EXEC_PATH');
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/** Paths of a `-z` listing. */
export function splitNul(output: Buffer): readonly string[] {
  return output
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}
