// Runs ssh-keygen. Its messages are for people and differ between versions: nothing is decided by them, only by its exit
// status, except whether the program knows signatures at all.
import { spawn } from 'node:child_process';
import { SalverError, errnoOf } from '@salver/core';

export interface KeygenResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const OUTPUT_BYTES_MAX = 1024 * 1024;

export interface KeygenRequest {
  readonly args: readonly string[];
  readonly input?: Buffer | undefined;
  /** It may ask for a passphrase or a touch. Default false. */
  readonly mayAsk?: boolean | undefined;
}

/** Throws E_TOOL_MISSING where OpenSSH is missing or older than 8.2, the first with signatures that can be checked. */
export async function runKeygen({ args, input, mayAsk = false }: KeygenRequest): Promise<KeygenResult> {
  const result = await run(args, input, mayAsk).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw missing('ssh-keygen is not installed', error);
  });
  if (
    !result.ok &&
    /(unknown|illegal|invalid) option.*Y|Too few arguments|Unsupported operation for -Y/i.test(result.stderr)
  ) {
    throw missing('this ssh-keygen is too old to know signatures');
  }
  return result;
}

function missing(message: string, cause?: unknown): SalverError {
  return new SalverError('E_TOOL_MISSING', message, {
    cause,
    hint: 'install OpenSSH 8.2 or later (Debian: openssh-client)',
  });
}

function run(args: readonly string[], input: Buffer | undefined, mayAsk: boolean): Promise<KeygenResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh-keygen', args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // Times of keys are read in UTC whatever the host's zone; without a terminal nothing must wait for an answer.
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C', ...(mayAsk ? {} : { SSH_ASKPASS_REQUIRE: 'never' }) },
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < OUTPUT_BYTES_MAX) output[name] += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, ...output }));
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
