// The production tree as a manager installs it, as finished units. The result is remembered under everything that
// decided about it: with an unchanged lock nothing is installed, and nothing on disk is read.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectedUnit, CollectedUnits, EcosystemContext } from '@salver/core';
import { SalverError, canonicalJson, formatTarget, sha256Hex } from '@salver/core';
import { describePackage } from '../fetch-package.js';
import type { NpmOptions } from '../npm-options.js';
import { nodeRangeOf } from '../platform-check.js';
import { prepareProgram, programVersion } from './find-program.js';
import { finishLinks, finishPackage } from './finish-modules.js';
import { install, writeProject } from './install.js';
import { machineSettings } from './machine-settings.js';
import type { AppWorkspace, Manager } from './manager.js';
import type { ManagerProject } from './read-project.js';
import { scriptsOf } from './seen-scripts.js';
import type { ScriptList } from './seen-scripts.js';
import { walkModules } from './walk-modules.js';

export interface ManagedInput {
  readonly context: EcosystemContext;
  readonly npmOptions: NpmOptions;
  readonly manager: Manager;
  readonly project: ManagerProject;
  /** The workspace that is the app. */
  readonly workspace?: AppWorkspace;
}

/** Raised whenever the same input gives other units. */
const RESULT_FORMAT = 1;

/** What is remembered: which units, under which keys, and what ran to make them. */
interface Remembered {
  readonly units: readonly (Omit<CollectedUnit, 'content'> & { readonly key: string })[];
  readonly scripts: ScriptList;
}

interface Collected extends ScriptList {
  readonly units: readonly CollectedUnit[];
  readonly cached: number;
  readonly built: readonly string[];
}

/** Installs what production needs, unless the cache knows the result. Throws what preparing and installing throw. */
export async function collectManaged(input: ManagedInput): Promise<CollectedUnits> {
  const { context, project } = input;
  const version = await programVersion(input);
  const key = resultKey(input, version);
  const result =
    recall(key, context) ??
    (await context.cache.withLock(
      key,
      async () => recall(key, context) ?? (await installAndFinish(input, version, key)),
    ));
  const { workspace } = input;
  const app = project.memberManifests.find(({ directory }) => directory === workspace?.directory);
  const range = nodeRangeOf((app ?? project).manifest);
  return {
    units: result.units,
    needs: range === undefined ? {} : { node: { range } },
    packagesTotal: result.units.filter(({ kind }) => kind !== 'npm-links').length,
    packagesCached: result.cached,
    downloadedBytes: 0,
    compiled: result.built,
    scriptsRan: result.ran,
    scriptsSkipped: result.skipped,
  };
}

function resultKey({ context, manager, project, workspace }: ManagedInput, version: string): string {
  const input = {
    manager: manager.id,
    version,
    project: project.digest,
    ...(workspace === undefined ? {} : { workspace: workspace.directory }),
    settings: machineSettings(context.projectDir, context.env),
    target: formatTarget(context.target),
    // Compiled packages fit one ABI; which optional packages are chosen may depend on the whole version.
    node: process.version,
  };
  return `npm-managed:${RESULT_FORMAT}:${sha256Hex(canonicalJson(input))}`;
}

function recall(key: string, { cache }: EcosystemContext): Collected | undefined {
  const note = cache.findNote(key) as Remembered | undefined;
  if (note === undefined) return undefined;
  const units: CollectedUnit[] = [];
  for (const { key: unitKey, ...unit } of note.units) {
    const content = cache.findUnit(unitKey);
    if (content === undefined) return undefined;
    units.push({ ...unit, content });
  }
  const cached = units.filter(({ kind }) => kind !== 'npm-links').length;
  return { units, cached, built: [], ...note.scripts };
}

async function installAndFinish(input: ManagedInput, version: string, key: string): Promise<Collected> {
  const { context, manager, project, workspace } = input;
  const app = workspace === undefined ? {} : { workspace };
  const { cache, signal, progress } = context;
  return cache.withTempDir(async (tempDir) => {
    const topDir = join(tempDir, 'app');
    mkdirSync(topDir);
    const program = await prepareProgram(input, version, join(tempDir, 'manager'));
    writeProject(input, topDir);
    const seen = await install({
      context,
      manager,
      project,
      program,
      kind: 'production',
      directory: topDir,
      ...app,
    });
    refusePnp(topDir);
    const shipped = workspace?.closure ?? project.members;
    const elsewhere = project.members.filter((member) => !shipped.includes(member));
    const found = walkModules(topDir, shipped, elsewhere);
    const scripts = scriptsOf({ found, seen, manager, project, topDir });
    const step = progress.step('packages', 'packages');
    const units: CollectedUnit[] = [];
    let cached = 0;
    for (const each of found.packages) {
      const warn = (text: string): void => progress.warn(text);
      const { unit, isCached } = await finishPackage(each, { cache, topDir, signal, warn });
      units.push(scripts.label(unit));
      if (isCached) cached += 1;
      step.update(units.length, found.packages.length);
    }
    step.end(`${units.length} packages, ${cached} cached`);
    const all = [...(await finishLinks(found.links, { cache, topDir })), ...units];
    const { ran, skipped } = scripts;
    cache.storeNote(key, {
      units: all.map(({ content, ...unit }) => ({ ...unit, key: content.key })),
      scripts: { ran, skipped },
    } satisfies Remembered);
    const built = units.filter(({ compiled }) => compiled === true).map(describeUnit);
    return { units: all, cached, built, ran, skipped };
  });
}

function describeUnit({ name, version = '' }: CollectedUnit): string {
  return describePackage({ name, version });
}

function refusePnp(topDir: string): void {
  if (!existsSync(join(topDir, '.pnp.cjs')) && !existsSync(join(topDir, '.pnp.js'))) return;
  throw new SalverError(
    'E_LOCK_UNSUPPORTED',
    'the project is set up for Plug’n’Play, which has no node_modules',
    {
      hint: 'set `nodeLinker: node-modules` in .yarnrc.yml, run `yarn install` and commit the result',
    },
  );
}
