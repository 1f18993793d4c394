// An artifact's manifest for people.
import { printable } from '@salver/core';
import type { ArtifactHead, HostSettings, Manifest, MigrationEffect } from '@salver/core';
import { formatBytes, formatCount } from './format-amounts.js';
import { needLines } from './need-lines.js';
import { renderTable } from './table.js';
import type { MeasuredUnit } from './unit-sizes.js';

export interface HeadView {
  readonly head: ArtifactHead;
  readonly units: readonly MeasuredUnit[];
  readonly artifact: string;
  readonly sizeBytes: number;
}

/** What the release is, what it needs and what ran to make it. Text from the manifest is made printable. */
export function renderHead(view: HeadView): string[] {
  const { manifest, id, label } = view.head;
  const rawBytes = view.units.reduce((sum, { unit }) => sum + unit.sizeBytes, 0);
  const lines = [
    `${manifest.name} ${manifest.version} for ${manifest.target}`,
    `id        ${id}`,
    `file      ${printable(view.artifact)}`,
    `size      ${formatBytes(view.sizeBytes)}, ${formatBytes(rawBytes)} unpacked`,
  ];
  if (label.commit !== undefined) lines.push(`commit    ${printable(label.commit)}${sourceNote(view.head)}`);
  lines.push('', ...kindTable(view.units), ...assetLines(view.units), '', 'needs');
  lines.push(...indent(needLines(manifest.needs), 'nothing beyond the target'));
  lines.push('', 'install scripts', ...indent(scriptLines(view.units), 'none'));
  lines.push(...migrationLines(manifest));
  lines.push('', 'on the host', ...indent(hostLines(manifest.host), 'nothing configured'));
  return lines;
}

function sourceNote({ label }: ArtifactHead): string {
  const branch = label.branch === undefined ? '' : ` on ${printable(label.branch)}`;
  return `${branch}${label.dirty === true ? ', with changes that were not committed' : ''}`;
}

function indent(lines: readonly string[], none: string): readonly string[] {
  return (lines.length === 0 ? [none] : lines).map((line) => `  ${line}`);
}

function assetLines(units: readonly MeasuredUnit[]): readonly string[] {
  const lines = units.flatMap(({ unit: { path, assets } }) => {
    if (assets === undefined) return [];
    const immutable = assets.immutable === true ? ', every name changes with the content' : '';
    const keep = assets.keep === undefined ? '' : `, kept ${assets.keep} on hosts`;
    return [`${printable(path)} at ${printable(assets.url)}${immutable}${keep}`];
  });
  return lines.length === 0 ? [] : ['', 'assets', ...indent(lines, '')];
}

/** How many, and by name those that older code may not bear. */
function migrationLines({ migrations = [] }: Manifest): readonly string[] {
  if (migrations.length === 0) return [];
  const count = (effect: MigrationEffect): number => migrations.filter((one) => one.effect === effect).length;
  const counts = (['expand', 'review', 'opaque', 'contract'] as const)
    .filter((effect) => count(effect) > 0)
    .map((effect) => `${count(effect)} ${effect}`);
  const named = migrations
    .filter(({ effect }) => effect === 'contract')
    .map(({ id, why = '' }) => `contract ${printable(id)} ${printable(why)}`.trimEnd());
  return ['', 'migrations', ...indent([counts.join(', '), ...named], '')];
}

/** One row per kind of unit. */
function kindTable(units: readonly MeasuredUnit[]): readonly string[] {
  const kinds = [...new Set(units.map(({ unit }) => unit.kind))];
  const rows = kinds.map((kind) => {
    const ofKind = units.filter(({ unit }) => unit.kind === kind);
    const sum = (amount: (row: MeasuredUnit) => number): number =>
      ofKind.reduce((total, row) => total + amount(row), 0);
    return [
      kind,
      String(ofKind.length),
      String(sum(({ unit }) => unit.entries)),
      formatBytes(sum(({ unit }) => unit.sizeBytes)),
      formatBytes(sum(({ storedBytes }) => storedBytes)),
    ];
  });
  return renderTable(
    [
      { title: 'KIND' },
      { title: 'UNITS', align: 'right' },
      { title: 'ENTRIES', align: 'right' },
      { title: 'UNPACKED', align: 'right' },
      { title: 'IN FILE', align: 'right' },
    ],
    rows,
  );
}

/** All units, the largest first. */
export function renderUnits(units: readonly MeasuredUnit[]): readonly string[] {
  const sorted = [...units].sort((a, b) => b.storedBytes - a.storedBytes);
  return renderTable(
    [
      { title: 'IN FILE', align: 'right' },
      { title: 'UNPACKED', align: 'right' },
      { title: 'KIND' },
      { title: 'NAME' },
      { title: 'VERSION' },
      { title: 'PATH' },
      { title: '' },
    ],
    sorted.map(({ unit, storedBytes }) => [
      formatBytes(storedBytes),
      formatBytes(unit.sizeBytes),
      unit.kind,
      printable(unit.name),
      printable(unit.version ?? ''),
      printable(unit.path),
      unit.compiled === true ? 'compiled' : '',
    ]),
  );
}

function scriptLines(units: readonly MeasuredUnit[]): readonly string[] {
  return units.flatMap(({ unit }) => {
    const name = printable(unit.version === undefined ? unit.name : `${unit.name}@${unit.version}`);
    const ran = (unit.scripts?.ran ?? []).map((script) => `ran      ${name}: ${printable(script)}`);
    const skipped = (unit.scripts?.skipped ?? []).map((script) => `skipped  ${name}: ${printable(script)}`);
    return [...ran, ...skipped];
  });
}

function hostLines(host: HostSettings): readonly string[] {
  const lines: string[] = [];
  if (host.start !== undefined) lines.push(`start     ${printable(host.start)}`);
  for (const path of host.shared ?? []) lines.push(`shared    ${printable(path)}`);
  for (const [name, rule] of Object.entries(host.env ?? {})) {
    lines.push(`env       ${name}${rule.required === true ? ' (required)' : ''}`);
  }
  for (const [name, hook] of Object.entries(host.hooks ?? {})) {
    const what = 'http' in hook || 'tcp' in hook ? (hook.http ?? hook.tcp) : hook.run;
    lines.push(`${name.padEnd(9)} ${printable(what ?? '')}`);
  }
  if (host.keep !== undefined) lines.push(`keep      ${formatCount(host.keep, 'healthy release')}`);
  return lines;
}
