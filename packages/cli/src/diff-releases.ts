// What differs between two releases, from their manifests alone.
import { canonicalJson } from '@salver/core';
import type { ArtifactHead, Needs, Unit } from '@salver/core';
import { needLines } from './need-lines.js';

/** One side of a comparison. */
export interface ReleaseSummary {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly target: string;
}

export interface UnitChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: string;
  readonly name: string;
  readonly path: string;
  /** Version on each side; absent where the unit is not there or has none. */
  readonly fromVersion?: string;
  readonly toVersion?: string;
  /** How much larger the unpacked files are. */
  readonly sizeChangeBytes: number;
}

export interface ListChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface ReleaseDiff {
  readonly from: ReleaseSummary;
  readonly to: ReleaseSummary;
  readonly same: boolean;
  /** In path order. */
  readonly units: readonly UnitChange[];
  readonly needs: ListChange;
  /** Install scripts that ran or were skipped. */
  readonly scripts: ListChange;
  /** Migrations with their effect. */
  readonly migrations: ListChange;
  /** Settings of `host` that differ: `hooks`, `start`, …. */
  readonly hostSettings: readonly string[];
  readonly sizeChangeBytes: number;
  /** Members of `to` that `from` has as well: an update reads only the others. */
  readonly membersShared: number;
  readonly membersTotal: number;
  /** Compressed bytes that an update from `from` has to read, the head included. */
  readonly bytesToMove: number;
}

/** Compares two releases. The result is plain JSON. */
export function diffReleases(from: ArtifactHead, to: ArtifactHead): ReleaseDiff {
  return {
    from: summarize(from),
    to: summarize(to),
    same: from.id === to.id,
    units: diffUnits(from.manifest.units, to.manifest.units),
    needs: diffLists(needsOf(from.manifest.needs), needsOf(to.manifest.needs)),
    scripts: diffLists(scriptsOf(from), scriptsOf(to)),
    migrations: diffLists(migrationsOf(from), migrationsOf(to)),
    hostSettings: diffHost(from, to),
    sizeChangeBytes: totalBytes(to) - totalBytes(from),
    ...diffMembers(from, to),
  };
}

function summarize({ id, manifest }: ArtifactHead): ReleaseSummary {
  return { id, name: manifest.name, version: manifest.version, target: manifest.target };
}

function diffUnits(from: readonly Unit[], to: readonly Unit[]): readonly UnitChange[] {
  const before = new Map(from.map((unit) => [unitKey(unit), unit]));
  const after = new Map(to.map((unit) => [unitKey(unit), unit]));
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    return isSameUnit(old, now) ? [] : [changeOf(old, now)];
  });
}

/** A unit stays itself while its place and its name do, whatever version is in it. */
function unitKey({ path, kind, name }: Unit): string {
  return [path, kind, name].join('\0');
}

function isSameUnit(old: Unit | undefined, now: Unit | undefined): boolean {
  if (old === undefined || now === undefined) return false;
  return old.version === now.version && canonicalJson(old.members).equals(canonicalJson(now.members));
}

function changeOf(old: Unit | undefined, now: Unit | undefined): UnitChange {
  const unit = now ?? old;
  if (unit === undefined) throw new TypeError('a change needs a unit on one side');
  return {
    change: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed',
    kind: unit.kind,
    name: unit.name,
    path: unit.path,
    ...(old?.version === undefined ? {} : { fromVersion: old.version }),
    ...(now?.version === undefined ? {} : { toVersion: now.version }),
    sizeChangeBytes: (now?.sizeBytes ?? 0) - (old?.sizeBytes ?? 0),
  };
}

/** Which file asks for a need is no difference: only what is asked. */
function needsOf(needs: Needs): readonly string[] {
  return needLines(needs).map((line) => line.replace(/ \(.*\)$/, ''));
}

function scriptsOf(head: ArtifactHead): readonly string[] {
  return head.manifest.units.flatMap(({ name, scripts }) => [
    ...(scripts?.ran ?? []).map((script) => `ran ${name}: ${script}`),
    ...(scripts?.skipped ?? []).map((script) => `skipped ${name}: ${script}`),
  ]);
}

function migrationsOf({ manifest }: ArtifactHead): readonly string[] {
  return (manifest.migrations ?? []).map(
    ({ id, effect, why }) => `${id}: ${effect}${why === undefined ? '' : `, ${why}`}`,
  );
}

function diffLists(from: readonly string[], to: readonly string[]): ListChange {
  return {
    added: to.filter((line) => !from.includes(line)),
    removed: from.filter((line) => !to.includes(line)),
  };
}

function diffHost(from: ArtifactHead, to: ArtifactHead): readonly string[] {
  const before: Readonly<Record<string, unknown>> = { ...from.manifest.host };
  const after: Readonly<Record<string, unknown>> = { ...to.manifest.host };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.filter((key) => !canonicalJson([before[key] ?? '']).equals(canonicalJson([after[key] ?? ''])));
}

function totalBytes(head: ArtifactHead): number {
  return head.manifest.units.reduce((sum, unit) => sum + unit.sizeBytes, 0);
}

function diffMembers(
  from: ArtifactHead,
  to: ArtifactHead,
): Pick<ReleaseDiff, 'membersShared' | 'membersTotal' | 'bytesToMove'> {
  const known = new Set(from.manifest.units.flatMap(({ members }) => members.map(([, digest]) => digest)));
  const digests = to.manifest.units.flatMap(({ members }) => members.map(([, digest]) => digest));
  let membersShared = 0;
  let bytesToMove = to.headBytes;
  for (const [index, digest] of digests.entries()) {
    if (known.has(digest)) membersShared += 1;
    else bytesToMove += to.layout.members[index]?.[0] ?? 0;
  }
  return { membersShared, membersTotal: digests.length, bytesToMove };
}
