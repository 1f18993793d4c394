// P8: the release is started beside the running one, on a spare port, checked there and stopped, before anything is
// switched. Most releases that cannot run fail here, and nobody notices.
import { SalverError } from '@salver/core';
import type { CandidateRule, CheckRule } from '@salver/core';
import { waitUntilHealthy } from './health-check.js';
import { releasePath } from './host-paths.js';
import { OutputCapture } from './output-capture.js';
import { ProcessGroup } from './process-group.js';
import { forgetRunning, noteRunning } from './run-command.js';
import { hookEnvironment, hookLogPath } from './run-hook.js';
import type { HookContext } from './run-hook.js';

const STOP_GRACE_MS = 5_000;
const PORT_VARIABLE_DEFAULT = 'PORT';

/**
 * Undefined when the candidate is healthy or none is configured, else why not. Nothing has been changed and nothing
 * is left running either way. Throws E_INTERRUPTED, E_CONFIG_INVALID.
 */
export async function checkCandidate(context: HookContext): Promise<string | undefined> {
  const rule = context.manifest?.host.hooks?.candidate;
  const command = context.manifest?.host.start;
  if (rule === undefined) return undefined;
  if (command === undefined) return 'the release has a candidate check but no `start` to run';
  const port = await sparePort();
  const env = { [rule.port ?? PORT_VARIABLE_DEFAULT]: String(port), SALVER_CANDIDATE: '1' };
  const output = new OutputCapture(hookLogPath(context, 'candidate'));
  const group = new ProcessGroup({
    command,
    directory: releasePath(context.paths, context.release),
    env: hookEnvironment(context, 'candidate', env),
    output,
  });
  noteRunning(context.paths, group.pid);
  try {
    const gone = (): string | undefined =>
      group.hasEnded ? '`start` ended while it was checked' : undefined;
    const problem = await waitUntilHealthy({ context, rule: onPort(rule, context, port), env, gone });
    if (problem !== undefined) showTail(context, output);
    return problem;
  } finally {
    await group.stop(STOP_GRACE_MS);
    output.finish();
    forgetRunning(context.paths, group.pid);
  }
}

function showTail({ progress }: HookContext, output: OutputCapture): void {
  for (const line of output.tail) progress.note(`candidate: ${line}`);
}

/** What is asked of the candidate: its own check or the usual one, on the spare port. */
function onPort(rule: CandidateRule, context: HookContext, port: number): CheckRule {
  const isOwn = rule.http !== undefined || rule.tcp !== undefined || rule.run !== undefined;
  const asked: CheckRule = isOwn ? rule : { ...context.manifest?.host.hooks?.check, ...rule };
  return {
    ...asked,
    ...(asked.http === undefined ? {} : { http: urlOnPort(asked.http, port) }),
    ...(asked.tcp === undefined ? {} : { tcp: `${asked.tcp.slice(0, asked.tcp.lastIndexOf(':'))}:${port}` }),
  };
}

function urlOnPort(text: string, port: number): string {
  try {
    const url = new URL(text);
    url.port = String(port);
    return url.href;
  } catch {
    throw new SalverError('E_MANIFEST_INVALID', 'the check of the candidate has no valid URL');
  }
}

/** Free at this moment; that somebody takes it before the candidate does shows as a failed check. */
async function sparePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
