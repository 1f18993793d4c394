// Which install scripts ran: as far as the manager's output names them, else by its rules.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectedUnit } from '@salver/core';
import { describePackage } from '../fetch-package.js';
import type { Manager, SeenScript } from './manager.js';
import type { ManagerProject } from './read-project.js';
import { packageEntries } from './walk-modules.js';
import type { FoundModules, FoundPackage } from './walk-modules.js';

/** `name@version: event`, sorted. */
export interface ScriptList {
  readonly ran: readonly string[];
  readonly skipped: readonly string[];
}

export interface SeenInput {
  readonly found: FoundModules;
  readonly seen: readonly SeenScript[];
  readonly manager: Manager;
  readonly project: ManagerProject;
  /** Top of the tree on disk. */
  readonly topDir: string;
}

export interface LabelledScripts extends ScriptList {
  /** The unit with its scripts, and with what they made of it. */
  label(unit: CollectedUnit): CollectedUnit;
}

/** Decides for every package with install scripts. */
export function scriptsOf({ found, seen, manager, project, topDir }: SeenInput): LabelledScripts {
  const ran = new Map<string, readonly string[]>();
  const skipped = new Map<string, readonly string[]>();
  const isNative = new Set<string>();
  for (const each of found.packages) {
    if (each.scripted === undefined || each.version === undefined) continue;
    const events = Object.keys(each.scripted.scripts);
    const didRun = manager.runsScriptsSilently?.(project, each.name) ?? isNamed(each, seen);
    (didRun ? ran : skipped).set(each.path, events);
    if (didRun && hasMadeAddon(topDir, each)) isNative.add(each.path);
  }
  return {
    ran: list(ran, found),
    skipped: list(skipped, found),
    label(unit) {
      const runs = ran.get(unit.path);
      const skips = skipped.get(unit.path);
      if (runs === undefined && skips === undefined) return unit;
      return {
        ...unit,
        ...(runs !== undefined && isNative.has(unit.path) ? { compiled: true } : {}),
        scripts: {
          ...(runs === undefined ? {} : { ran: runs }),
          ...(skips === undefined ? {} : { skipped: skips }),
        },
      };
    },
  };
}

function isNamed({ name }: FoundPackage, seen: readonly SeenScript[]): boolean {
  return seen.some((script) => script.name === name && !script.skipped);
}

/** Compiled or downloaded by its script: an addon that lies elsewhere than where publishers put prebuilt ones. */
function hasMadeAddon(topDir: string, found: FoundPackage): boolean {
  if (!existsSync(join(topDir, found.path, 'binding.gyp'))) return false;
  return packageEntries(topDir, found).some(
    ({ path }) => path.endsWith('.node') && !path.startsWith(`${found.path}/prebuilds/`),
  );
}

function list(
  scripts: ReadonlyMap<string, readonly string[]>,
  { packages }: FoundModules,
): readonly string[] {
  const lines = packages.flatMap(({ path, name, version = '' }) =>
    (scripts.get(path) ?? []).map((event) => `${describePackage({ name, version })}: ${event}`),
  );
  return [...new Set(lines)].sort();
}
