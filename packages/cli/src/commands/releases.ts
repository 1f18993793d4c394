import { listReleases } from '@salver/installer';
import type { InstalledRelease } from '@salver/installer';
import type { CommandContext, CommandResult } from '../command.js';
import { requiredRoot } from '../command-input.js';
import { formatBytes } from '../format-amounts.js';
import { renderTable } from '../table.js';

/** `salver-host releases`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const releases = listReleases(requiredRoot(context));
  const columns = [
    { title: '' },
    { title: 'RELEASE' },
    { title: 'HEALTH' },
    { title: 'INSTALLED' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'COMMIT' },
  ];
  const lines = renderTable(columns, releases.map(rowOf));
  return Promise.resolve({ json: { releases }, text: lines.join('\n') });
}

function rowOf(release: InstalledRelease): readonly string[] {
  const link = release.isCurrent ? 'current' : release.isPrevious ? 'previous' : '';
  const inUse = release.processes.length > 0 ? `${release.processes.length} running` : '';
  const mark = [link, release.isPinned ? 'pinned' : '', inUse].filter((word) => word !== '').join(', ');
  const size = release.sizeBytes === undefined ? '' : formatBytes(release.sizeBytes);
  return [mark, release.release, release.health, release.installedAt ?? '', size, release.commit ?? ''];
}
