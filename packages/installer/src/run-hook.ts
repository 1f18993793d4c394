// Hooks: commands of the app at fixed points of an activation, run in the resolved release (never through
// `current`), in a clean environment, with a time limit, their output kept.
import { SalverError, printable } from '@salver/core';
import type { HookRule, Manifest, Progress } from '@salver/core';
import { durationMs } from './duration.js';
import { releasePath } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { cleanEnvironment } from './release-environment.js';
import type { Environment } from './release-environment.js';
import { runCommand } from './run-command.js';
import type { CommandOutcome } from './run-command.js';

export type HookName = 'prepare' | 'migrate' | 'reload' | 'cleanup';

const TIMEOUT_MS_DEFAULT = 5 * 60_000;

/** What the commands of one act have in common. */
export interface HookContext {
  readonly paths: HostPaths;
  /** The release in which they run. */
  readonly release: string;
  readonly manifest: Manifest | undefined;
  /** The release that is, or was, current before; null when there is none. */
  readonly previous: string | null;
  readonly txid: string;
  readonly act: string;
  readonly env: Environment;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** The configured hook, or undefined. */
export function hookRule(manifest: Manifest | undefined, hook: HookName): HookRule | undefined {
  return manifest?.host.hooks?.[hook];
}

/** Runs a hook when the release has it. Returns whether it has. Throws E_HOOK_FAILED, E_CONFIG_INVALID, E_INTERRUPTED. */
export async function runHook(context: HookContext, hook: HookName): Promise<boolean> {
  const rule = hookRule(context.manifest, hook);
  if (rule === undefined) return false;
  await runHookCommand(context, hook, rule);
  return true;
}

/** Runs `rule` as that hook. Throws as {@link runHook}. */
export async function runHookCommand(context: HookContext, hook: HookName, rule: HookRule): Promise<void> {
  const step = context.progress.step(`hook ${hook}`);
  try {
    const outcome = await runCommand({
      paths: context.paths,
      command: rule.run,
      directory: releasePath(context.paths, context.release),
      env: hookEnvironment(context, hook),
      timeoutMs: durationMs(rule.timeout, TIMEOUT_MS_DEFAULT),
      logPath: hookLogPath(context, hook),
      signal: context.signal,
    });
    refuseFailure(context, { hook, rule, outcome });
  } finally {
    step.end();
  }
}

/** The documented variables (docs/hosts.md). */
export function hookEnvironment(
  context: HookContext,
  name: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return cleanEnvironment({
    ...context,
    own: {
      SALVER_HOOK: name,
      SALVER_ACTION: context.act,
      SALVER_TXID: context.txid,
      SALVER_PREVIOUS: context.previous ?? '',
      SALVER_VERSION: context.manifest?.version ?? '',
      ...more,
    },
  });
}

/** Where the output of a hook of this act is kept. */
export function hookLogPath(context: Pick<HookContext, 'paths' | 'txid'>, name: string): string {
  return `${context.paths.hooks}/${context.txid}/${name}.log`;
}

interface RanHook {
  readonly hook: HookName;
  readonly rule: HookRule;
  readonly outcome: CommandOutcome;
}

function refuseFailure(context: HookContext, { hook, rule, outcome }: RanHook): void {
  const { end, tail } = outcome;
  if (end.kind === 'exited' && end.code === 0) return;
  if (end.kind === 'interrupted') {
    throw new SalverError('E_INTERRUPTED', `interrupted during the hook ${hook}`);
  }
  for (const line of tail) context.progress.note(`${hook}: ${line}`);
  const log = hookLogPath(context, hook);
  throw new SalverError(
    'E_HOOK_FAILED',
    `the hook ${hook} of ${context.release} ${describeEnd(outcome, rule)}: ${printable(rule.run)}`,
    {
      hint: `its output is in ${log}, and in \`salver-host history --show ${context.txid}\``,
      facts: { hook, release: context.release, txid: context.txid, log, end: end.kind, output: tail },
    },
  );
}

function describeEnd({ end }: CommandOutcome, rule: HookRule): string {
  switch (end.kind) {
    case 'exited':
      return `ended with status ${end.code}`;
    case 'killed':
      return `was killed by ${end.by}`;
    case 'not-started':
      return `could not be started (${end.errno})`;
    default:
      return `did not end within ${rule.timeout ?? '5m'} and was killed`;
  }
}
