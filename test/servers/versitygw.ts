// versitygw: an S3 server on a directory, with the conditions that Amazon has. Built by Go where that is there.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Server } from './s3-server.js';
import { missingProgram } from '../missing-program.js';
import { freePort, startProcess, waitForPort } from './server-process.js';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@latest';
const ACCESS = 'testaccess';
const SECRET = 'testsecret';

let found: string | undefined;

/** Why it cannot be used; builds it where it is not there yet. */
export function versitygwMissing(scratch: string): string | undefined {
  if (missingProgram('versitygw') === undefined) found = 'versitygw';
  if (found !== undefined) return undefined;
  if (missingProgram('go') !== undefined) return 'neither versitygw nor Go is installed';
  const { status, stderr } = spawnSync('go', ['install', MODULE], {
    env: { ...process.env, GOBIN: scratch },
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) return `versitygw could not be built: ${stderr.trim().split('\n').at(-1) ?? ''}`;
  found = join(scratch, 'versitygw');
  return undefined;
}

export async function startVersitygw(scratch: string): Promise<S3Server> {
  if (found === undefined) throw new Error('ask versitygwMissing first');
  const port = await freePort();
  const data = join(scratch, 'data');
  mkdirSync(join(data, 'artifacts'), { recursive: true });
  const keys = ['--access', ACCESS, '--secret', SECRET];
  const started = startProcess(found, [...keys, '--port', `127.0.0.1:${port}`, 'posix', data]);
  await waitForPort(port, started.ended);
  return {
    url: (prefix) => `s3://artifacts/${prefix}?endpoint=http://127.0.0.1:${port}`,
    env: { AWS_ACCESS_KEY_ID: ACCESS, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'us-east-1' },
    stop: () => started.stop(),
  };
}
