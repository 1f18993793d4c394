// A comparison of two releases for people.
import { printable, shortId } from '@salver/core';
import type { ListChange, ReleaseDiff, ReleaseSummary, UnitChange } from './diff-releases.js';
import { formatByteChange, formatBytes } from './format-amounts.js';
import { renderTable } from './table.js';

const MARKS = { added: '+', removed: '-', changed: '~' } as const;

/** Lines of text; foreign text in them is made printable. */
export function renderDiff(diff: ReleaseDiff): readonly string[] {
  if (diff.same) return [`the same release: ${describe(diff.to)}`];
  const lines = [`from  ${describe(diff.from)}`, `to    ${describe(diff.to)}`, ''];
  if (diff.units.length > 0) lines.push(...unitTable(diff.units), '');
  lines.push(...listLines('needs', diff.needs), ...listLines('install scripts', diff.scripts));
  lines.push(...listLines('migrations', diff.migrations));
  if (diff.hostSettings.length > 0) lines.push(`changed on the host: ${diff.hostSettings.join(', ')}`, '');
  const shared = `${diff.membersShared} of ${diff.membersTotal} members are shared`;
  lines.push(`unpacked size ${formatByteChange(diff.sizeChangeBytes)}`);
  lines.push(`an update reads ${formatBytes(diff.bytesToMove)}: ${shared}`);
  return lines;
}

function describe({ name, version, target, id }: ReleaseSummary): string {
  return `${name} ${version} for ${target}, ${shortId(id)}`;
}

function unitTable(units: readonly UnitChange[]): readonly string[] {
  const columns = [
    { title: '' },
    { title: 'UNIT' },
    { title: 'VERSION' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'PATH' },
  ];
  return renderTable(
    columns,
    units.map((unit) => [
      MARKS[unit.change],
      printable(unit.name),
      printable(versionText(unit)),
      formatByteChange(unit.sizeChangeBytes),
      printable(unit.path),
    ]),
  );
}

function versionText({ fromVersion, toVersion }: UnitChange): string {
  if (fromVersion === toVersion) return toVersion === undefined ? '' : `${toVersion}, other bytes`;
  if (fromVersion === undefined || toVersion === undefined) return toVersion ?? fromVersion ?? '';
  return `${fromVersion} -> ${toVersion}`;
}

function listLines(title: string, { added, removed }: ListChange): readonly string[] {
  if (added.length + removed.length === 0) return [];
  return [
    title,
    ...added.map((line) => `  + ${printable(line)}`),
    ...removed.map((line) => `  - ${printable(line)}`),
    '',
  ];
}
