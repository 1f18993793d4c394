import { rootStatus } from '@salver/installer';
import type { InstalledRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';

/** `salver-host status`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const status = rootStatus(requiredRoot(context));
  for (const problem of status.problems) context.progress.warn(problem);
  const lines = [
    `app       ${status.name ?? 'unknown'}`,
    `root      ${status.root}`,
    `current   ${describe(status.current)}`,
    `previous  ${describe(status.previous)}`,
    `releases  ${formatCount(status.releasesTotal, 'release')} installed`,
  ];
  return Promise.resolve({ json: status, text: lines.join('\n') });
}

function describe(release: InstalledRelease | null): string {
  if (release === null) return 'none';
  const { installedAt, commit, sizeBytes } = release;
  const facts = [
    installedAt === undefined ? '' : `installed ${installedAt}`,
    sizeBytes === undefined ? '' : formatBytes(sizeBytes),
    commit === undefined ? '' : `commit ${commit}`,
  ].filter((fact) => fact !== '');
  return [release.release, ...facts].join(', ');
}
