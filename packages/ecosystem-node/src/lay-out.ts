// The whole tree on disk, development packages included, for the app's own build. Private copies: a build
// that edits files in place (patch-package) changes nothing that the cache or another build sees.
import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectedUnit, EcosystemContext, FileStamp, PackEntry } from '@salver/core';
import { fileSystemError, linkEntry, stampOf, workOnAll, writeEntries } from '@salver/core';
import { PackageFetcher } from './fetch-package.js';
import { PACKAGES_IN_FLIGHT_MAX } from './finish-packages.js';
import type { InstallPlan, PlannedPackage } from './install-plan.js';
import { runInstallScript } from './install-scripts.js';
import type { InstallScriptsContext } from './install-scripts.js';
import { LeftOut } from './left-out.js';
import type { NpmOptions } from './npm-options.js';
import { INSTALL_EVENTS } from './package-facts.js';
import { PackageUnits } from './package-unit.js';
import { linkTargetOf, realBinPath, takenPaths } from './plan-paths.js';
import { decideScripts } from './script-decision.js';
import type { ScriptRun } from './script-decision.js';
import { binsByUnit } from './unit-key.js';

export interface LayOutInput {
  readonly context: EcosystemContext;
  readonly plan: InstallPlan;
  readonly npmOptions: NpmOptions;
  /** Clean copy of the app. */
  readonly appDir: string;
  /** Package units of the production tree. */
  readonly units: readonly CollectedUnit[];
  readonly scripts: Omit<InstallScriptsContext, 'rootDir'>;
}

export interface LaidOut {
  /** What every file and link of a production unit was right after it was written: by unit, then by path. */
  readonly stamps: ReadonlyMap<string, ReadonlyMap<string, FileStamp>>;
}

/**
 * Lays out all packages, links bins and workspaces, then runs the install scripts of development packages.
 * Throws what fetching packages throws, E_INSTALL_SCRIPT_FAILED, E_DISK_FULL, E_FILE_SYSTEM.
 */
export async function layOut(input: LayOutInput): Promise<LaidOut> {
  const { appDir, context, plan } = input;
  const step = context.progress.step('laying out dependencies', 'packages');
  const leftOut = new LeftOut(context.progress);
  const stamps = new Map<string, ReadonlyMap<string, FileStamp>>();
  let done = 0;
  for (const { path, content } of input.units) {
    const entries = context.cache.readUnit(content);
    writeEntries(appDir, entries);
    stamps.set(path, recordStamps(appDir, entries));
    step.update((done += 1), plan.packages.length);
  }
  const runs = await layOutDevelopment(input, leftOut, () => step.update((done += 1), plan.packages.length));
  writeLinks(input);
  for (const event of INSTALL_EVENTS) {
    // npm links bins between preinstall and install; a bin that preinstall makes is the only difference.
    for (const run of runs) if (run.event === event) await runDevelopmentScript(run, input, leftOut);
  }
  step.end(`${done} packages`);
  return { stamps };
}

function recordStamps(appDir: string, entries: readonly PackEntry[]): ReadonlyMap<string, FileStamp> {
  const stamps = new Map<string, FileStamp>();
  for (const entry of entries) {
    if (entry.kind === 'directory') continue;
    const stamp = stampOf(join(appDir, entry.path));
    if (stamp !== undefined) stamps.set(entry.path, stamp);
  }
  return stamps;
}

/** Writes development packages straight from their tarballs; returns the scripts that are to run. */
async function layOutDevelopment(
  input: LayOutInput,
  leftOut: LeftOut,
  onPackage: () => void,
): Promise<readonly ScriptRun[]> {
  const { context, plan, appDir } = input;
  const packages = new Map(plan.packages.map((item) => [item.location, item]));
  const taken = takenPaths(plan, () => true, plan.allBins);
  const maker = new PackageUnits({
    cache: context.cache,
    fetcher: new PackageFetcher({ ...context, npmOptions: input.npmOptions }),
    bins: binsByUnit(plan.allBins, packages),
    takenPaths: taken,
    signal: context.signal,
  });
  const runs: ScriptRun[] = [];
  const items = plan.packages.filter((item) => !item.production && item.source.kind !== 'bundled');
  const writeOne = async (item: PlannedPackage): Promise<void> => {
    try {
      await maker.withEntries(item, taken, ({ entries, facts }) => {
        writeEntries(appDir, entries);
        const { location } = item;
        const strict = plan.strictAllowScripts === true;
        runs.push(...decideScripts({ location, scripted: facts.scripted, packages, strict }).runs);
        return Promise.resolve();
      });
      onPackage();
    } catch (error) {
      leftOut.add(item, error);
    }
  };
  await workOnAll(items, PACKAGES_IN_FLIGHT_MAX, writeOne);
  for (const item of items) {
    if (leftOut.has(item.location)) rmSync(join(appDir, item.location), { recursive: true, force: true });
  }
  const depth = (run: ScriptRun): number => run.location.split('/node_modules/').length;
  return runs.sort((a, b) => depth(a) - depth(b) || (a.location < b.location ? -1 : 1));
}

/** Links bins and workspaces of the whole tree; bin targets become executable as in npm. */
function writeLinks({ appDir, plan }: LayOutInput): void {
  const entries = plan.links.map((link) => linkEntry(link.location, linkTargetOf(link)));
  for (const bin of plan.allBins) {
    const real = realBinPath(bin, plan);
    if (!existsSync(join(appDir, real))) continue;
    entries.push(linkEntry(bin.location, bin.linkTarget));
    makeExecutable(join(appDir, real));
  }
  writeEntries(appDir, entries);
}

function makeExecutable(path: string): void {
  try {
    const { mode } = lstatSync(path);
    if ((mode & 0o100) === 0) chmodSync(path, 0o755);
  } catch (error) {
    throw fileSystemError(error, `cannot make ${path} executable`);
  }
}

async function runDevelopmentScript(run: ScriptRun, input: LayOutInput, leftOut: LeftOut): Promise<void> {
  if (leftOut.has(run.location)) return;
  try {
    await runInstallScript(run, { ...input.scripts, rootDir: input.appDir });
  } catch (error) {
    leftOut.add(run.item, error);
    rmSync(join(input.appDir, run.location), { recursive: true, force: true });
  }
}
