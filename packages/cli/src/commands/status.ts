import { printable } from '@salver/core';
import { rootStatus } from '@salver/installer';
import type { InstalledRelease, RootStatus } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';

/** `salver-host status`: what runs, since when, by whom, how it fares, where a rollback goes, what is wrong. */
export async function run(context: CommandContext): Promise<CommandResult> {
  const { input, env, signal } = context;
  const root = requiredRoot(context);
  const status = rootStatus(root);
  // Imported when asked for: a plain `status` must start as fast as Node itself.
  const now = input.flags.has('check')
    ? await (await import('../ask-now.js')).askNow(root, env, signal)
    : undefined;
  const served = status.supervised
    ? await (await import('../served-line.js')).askSupervisor(root)
    : undefined;
  const problems = [...status.problems, ...(served?.problems ?? [])];
  for (const problem of problems) context.progress.warn(printable(problem));
  const lines = [
    `app       ${status.name ?? 'unknown'}`,
    `root      ${status.root}`,
    `current   ${describe(status.current)}`,
    `health    ${describeHealth(status.current)}${now === undefined ? '' : `; now: ${now.detail}`}`,
    ...(served === undefined ? [] : [served.line]),
    `rollback  ${describeRollback(status)}`,
    `running   ${describeRunning(status)}`,
    `releases  ${formatCount(status.releasesTotal, 'release')} installed`,
    `last act  ${describeLastAct(status)}`,
  ];
  const json = {
    ...status,
    supervisor: served?.supervisor ?? null,
    problems,
    ...(now === undefined ? {} : { now }),
  };
  return { json, text: lines.join('\n') };
}

function describe(release: InstalledRelease | null): string {
  if (release === null) return 'none';
  const { activatedAt, activatedBy, installedAt, commit, sizeBytes } = release;
  const facts = [
    activatedAt === undefined
      ? installedAt === undefined
        ? ''
        : `installed ${installedAt}`
      : `since ${activatedAt} by ${printable(activatedBy ?? 'unknown')}`,
    sizeBytes === undefined ? '' : formatBytes(sizeBytes),
    commit === undefined ? '' : `commit ${printable(commit)}`,
  ].filter((fact) => fact !== '');
  return [release.release, ...facts].join(', ');
}

function describeHealth(release: InstalledRelease | null): string {
  if (release === null) return 'nothing is current';
  const { health, checked, reason } = release;
  if (health === 'failed') return `failed: ${printable(reason ?? '')}`;
  if (health === 'unknown') return 'unknown';
  return checked === true ? 'healthy when it was activated' : 'not checked: the release has no check';
}

function describeRollback({ rollback }: RootStatus): string {
  if (rollback === null) return 'none: there is no earlier release that ran healthy';
  if (rollback.refused !== null) return `refused: ${rollback.release}, ${printable(rollback.refused)}`;
  return `would go to ${rollback.release}`;
}

function describeRunning({ running }: RootStatus): string {
  if (running.length === 0) return 'no process that uses a release is visible';
  return running
    .map(({ release, processes }) => `${release} (${formatCount(processes.length, 'process', 'processes')})`)
    .join(', ');
}

function describeLastAct({ lastAct }: RootStatus): string {
  if (lastAct === null) return 'none';
  const { act, release, result, at, by, reason } = lastAct;
  const why = reason === undefined ? '' : ` (${reason})`;
  return printable(`${act} ${release ?? ''}: ${result}${why}, ${at} by ${by}`);
}
