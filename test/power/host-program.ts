// The installer as it is shipped: one file, run by this Node.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describeEnd, startCommand, workspaceDirectory } from '../product-harness.js';
import type { RunningProgram } from '../product-harness.js';

export const HOST_PROGRAM = join(workspaceDirectory, 'packages/cli/bundle/salver-host.mjs');

/** Starts it, or a mutant of it, on a root. */
export function startHost(program: string, root: string, args: readonly string[]): RunningProgram {
  return startCommand(process.execPath, [program, ...args, '--root', root, '--json']);
}

/** Runs it to its end; asserts that it succeeds. */
export async function runHost(program: string, root: string, args: readonly string[]): Promise<void> {
  const result = await startHost(program, root, args).ended;
  assert.equal(result.status, 0, `${args.join(' ')}: ${describeEnd(result)}`);
}
