// Which install scripts of a package run. What the project allowed or denied counts; where nobody has said
// anything, only recognised native builds run, for without them the package could not work at all.
import { posix } from 'node:path';
import { SalverError } from '@salver/core';
import { describePackage } from './fetch-package.js';
import type { PlannedPackage } from './install-plan.js';
import { INSTALL_EVENTS } from './package-facts.js';
import type { InstallEvent, ScriptedPackage } from './package-facts.js';

/** One script of one package, the unit's own or one bundled in it. */
export interface ScriptRun {
  readonly item: PlannedPackage;
  /** Directory of the package relative to the project. */
  readonly location: string;
  readonly event: InstallEvent;
  readonly script: string;
  /** What reports call it: the event, or `node-gyp rebuild` where npm itself supplies the script. */
  readonly label: string;
}

export interface ScriptDecision {
  /** In the order npm runs them: all preinstall, then install, then postinstall. */
  readonly runs: readonly ScriptRun[];
  readonly skipped: readonly ScriptRun[];
}

export interface ScriptDecisionInput {
  /** Location of the unit. */
  readonly location: string;
  readonly scripted: readonly ScriptedPackage[];
  /** All installed packages by location, bundled ones included. */
  readonly packages: ReadonlyMap<string, PlannedPackage>;
  /** npm's `strict-allow-scripts`: an undecided script is an error. */
  readonly strict: boolean;
}

/** Tools that compile or fetch a native addon, as words of a shell command. */
const NATIVE_TOOLS =
  /(?:^|[\s;&|()"'/=])(?:node-gyp|node-gyp-build(?:-optional-packages)?|prebuild-install|node-pre-gyp|cmake-js)(?=$|[\s;&|()"'])/;

/** True for a script that builds or fetches a native addon with one of the usual tools. */
export function isNativeBuild(script: string): boolean {
  return NATIVE_TOOLS.test(script);
}

/** Decides for one unit. Throws E_SCRIPT_NOT_ALLOWED in strict mode. */
export function decideScripts(input: ScriptDecisionInput): ScriptDecision {
  const runs: ScriptRun[] = [];
  const skipped: ScriptRun[] = [];
  for (const event of INSTALL_EVENTS) {
    for (const found of [...input.scripted].sort(byDepth)) {
      const location = posix.join(input.location, found.directory);
      const item = input.packages.get(location);
      const script = found.scripts[event];
      // A package in the tarball that the lock does not install is not rebuilt by npm either.
      if (item === undefined || script === undefined) continue;
      const label = event === 'install' && found.isImplicitGyp ? script : event;
      const run = { item, location, event, script, label };
      const isNative = isNativeBuild(script) || isNativeBuild(found.calls?.[event] ?? '');
      (mayRun(run, isNative, input.strict) ? runs : skipped).push(run);
    }
  }
  return { runs, skipped };
}

/** `name@version: label`, as results list it. */
export function describeRun({ item, label }: ScriptRun): string {
  return `${describePackage(item)}: ${label}`;
}

function mayRun(run: ScriptRun, isNative: boolean, strict: boolean): boolean {
  const { scriptsAllowed } = run.item;
  if (scriptsAllowed !== undefined) return scriptsAllowed;
  if (!strict) return isNative;
  throw new SalverError(
    'E_SCRIPT_NOT_ALLOWED',
    `nobody has decided about the install script of ${describeRun(run)}`,
    {
      hint: `strict-allow-scripts is set: add "${run.item.name}": true or false to allowScripts in package.json`,
      facts: { location: run.location, event: run.event },
    },
  );
}

function byDepth(a: ScriptedPackage, b: ScriptedPackage): number {
  return (
    a.directory.split('/').length - b.directory.split('/').length || (a.directory < b.directory ? -1 : 1)
  );
}
