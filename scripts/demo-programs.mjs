// Runs `salver` and `salver-host` as a user would, and reads what their --json says.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './demo-processes.mjs';

const binDirectory = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));

/** A command that ended with an error; `code` is Salver's. */
export class CommandFailure extends Error {
  constructor(program, error, wallMs) {
    const text = `${error.message} [${error.code}]`;
    super(`${program}: ${text}`);
    this.text = text;
    this.wallMs = wallMs;
    this.code = error.code;
    this.hint = error.hint;
    this.exitCode = error.exitCode;
  }
}

/**
 * Runs a program with --json. Resolves with its result and the wall time of the whole process in
 * milliseconds; throws CommandFailure when it ends with an error.
 */
export async function runProgram(program, args, { env }) {
  const { status, stdout, stderr, wallMs } = await run(join(binDirectory, program), [...args, '--json'], {
    env,
  });
  if (status === 0) return { ...JSON.parse(stdout), wallMs };
  throw new CommandFailure(program, readError(stderr, status), wallMs);
}

// Progress and warnings may come before the error, which is the last line that is JSON.
function readError(stderr, status) {
  const line = stderr
    .trimEnd()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  return line === undefined ? { code: `exit ${status}`, message: stderr.trim() } : JSON.parse(line);
}
