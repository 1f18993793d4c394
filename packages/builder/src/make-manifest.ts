// Units -> manifest and layout (docs/format.md sections 4 to 6).
import { FORMAT_NUMBER, formatTarget, mergeNeeds, parseManifest } from '@salver/core';
import type {
  BuildFindings,
  CollectedUnit,
  HostSettings,
  Layout,
  Manifest,
  Needs,
  Target,
  Unit,
} from '@salver/core';
import type { BuildConfig } from './load-config.js';

export interface ManifestOptions {
  readonly config: BuildConfig;
  readonly target: Target;
  /** In artifact order. */
  readonly units: readonly CollectedUnit[];
  /** What the ecosystems declare, e.g. `engines`. */
  readonly declaredNeeds: readonly Needs[];
  readonly findings: BuildFindings;
}

/** The manifest of a release, checked as a reader will check it. Throws E_MANIFEST_INVALID beyond its limits. */
export function makeManifest(options: ManifestOptions): Manifest {
  const { config, target, units, declaredNeeds, findings } = options;
  return parseManifest({
    format: FORMAT_NUMBER,
    name: config.name,
    version: config.version,
    target: formatTarget(target),
    needs: mergeNeeds([
      ...declaredNeeds.map((needs) => ({ needs })),
      ...units.map(({ content }) => ({ needs: content.facts.needs, provides: content.facts.provides })),
    ]),
    host: hostSettings(config, findings),
    ...(findings.migrations.length === 0 ? {} : { migrations: findings.migrations }),
    units: units.map(unitRow),
  });
}

/** An app whose migrations are known has the command that runs them, unless it configures its own. */
function hostSettings({ host }: BuildConfig, { migrateCommand }: BuildFindings): HostSettings {
  if (migrateCommand === undefined || host.hooks?.migrate !== undefined) return host;
  return { ...host, hooks: { ...host.hooks, migrate: { run: migrateCommand } } };
}

function unitRow(unit: CollectedUnit): Unit {
  const { entries, sizeBytes } = unit.content.facts;
  return {
    kind: unit.kind,
    name: unit.name,
    ...(unit.version === undefined ? {} : { version: unit.version }),
    path: unit.path,
    entries,
    sizeBytes,
    ...(unit.compiled === true ? { compiled: true } : {}),
    ...(unit.scripts === undefined ? {} : { scripts: unit.scripts }),
    ...(unit.assets === undefined ? {} : { assets: unit.assets }),
    members: unit.content.members.map((member) => [member.rawBytes, member.rawDigest]),
  };
}

/** Where the members lie. */
export function makeLayout(units: readonly CollectedUnit[]): Layout {
  return {
    format: FORMAT_NUMBER,
    members: units.flatMap(({ content }) =>
      content.members.map((member) => [member.storedBytes, member.storedCrc32] as const),
    ),
  };
}
