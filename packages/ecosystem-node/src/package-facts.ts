// What is remembered about an unpacked package so that the next build need not open its tarball: which
// scripts it brings, what lies in a node_modules of its own, which bin targets are missing. Stored as
// `extra` of the finished unit, and checked when read back.
import { isObject } from './lockfile-shape.js';

/** Lifecycle scripts of a dependency, in the order npm runs them. */
export const INSTALL_EVENTS = ['preinstall', 'install', 'postinstall'] as const;
export type InstallEvent = (typeof INSTALL_EVENTS)[number];
export type InstallScripts = Readonly<Partial<Record<InstallEvent, string>>>;

/** A package with install scripts: the unit's own, or one bundled in it. */
export interface ScriptedPackage {
  /** Directory relative to the unit: empty, or `node_modules/b`. */
  readonly directory: string;
  readonly scripts: InstallScripts;
  /** Other scripts of the package that these call (`npm run rebuild`), by the event that calls them. */
  readonly calls?: InstallScripts;
  /** True when `install` is npm's own `node-gyp rebuild` for a package with a binding.gyp. */
  readonly isImplicitGyp: boolean;
}

export interface PackageFacts {
  readonly scripted: readonly ScriptedPackage[];
  /** Package directories below the unit's own node_modules, and files in `.bin` there. */
  readonly nestedPaths: readonly string[];
  /** Bin targets that the package does not hold; npm makes no link to those. */
  readonly missingBins: readonly string[];
  /** Files whose names an artifact may not hold (backslashes, control characters); they are not shipped. */
  readonly unpackable: readonly string[];
}

/** What npm runs for a package that brings a binding.gyp and no install script. */
export const IMPLICIT_GYP_SCRIPT = 'node-gyp rebuild';

/** The scripts npm would run for a package with this package.json, or undefined for none. */
export function scriptedPackage(
  directory: string,
  manifest: unknown,
  hasBindingGyp: boolean,
): ScriptedPackage | undefined {
  const fields = isObject(manifest) ? manifest : {};
  const declared = isObject(fields['scripts']) ? fields['scripts'] : {};
  const scripts: Partial<Record<InstallEvent, string>> = {};
  for (const event of INSTALL_EVENTS) {
    const script = declared[event];
    if (typeof script === 'string' && script !== '') scripts[event] = script;
  }
  const isImplicitGyp =
    hasBindingGyp &&
    fields['gypfile'] !== false &&
    scripts.install === undefined &&
    scripts.preinstall === undefined;
  if (isImplicitGyp) scripts.install = IMPLICIT_GYP_SCRIPT;
  if (Object.keys(scripts).length === 0) return undefined;
  const calls = calledScripts(scripts, declared);
  return { directory, scripts, ...(Object.keys(calls).length === 0 ? {} : { calls }), isImplicitGyp };
}

const RUN_SCRIPT = /(?:^|[\s;&|()])(?:npm|yarn|pnpm)\s+run(?:-script)?\s+(?:-\S+\s+)*([\w:.-]+)/g;

function calledScripts(scripts: InstallScripts, declared: Readonly<Record<string, unknown>>): InstallScripts {
  const calls: Partial<Record<InstallEvent, string>> = {};
  for (const event of INSTALL_EVENTS) {
    const called = [...(scripts[event] ?? '').matchAll(RUN_SCRIPT)].map(([, name]) => declared[name ?? '']);
    const texts = called.filter((text): text is string => typeof text === 'string' && text !== '');
    if (texts.length > 0) calls[event] = texts.join('\n');
  }
  return calls;
}

/** As plain JSON, for {@link readPackageFacts}. */
export function packageFactsToJson(facts: PackageFacts): Readonly<Record<string, unknown>> {
  return {
    ...(facts.scripted.length === 0 ? {} : { scripted: facts.scripted }),
    ...(facts.nestedPaths.length === 0 ? {} : { nestedPaths: facts.nestedPaths }),
    ...(facts.missingBins.length === 0 ? {} : { missingBins: facts.missingBins }),
    ...(facts.unpackable.length === 0 ? {} : { unpackable: facts.unpackable }),
  };
}

/** Reads what {@link packageFactsToJson} made; keys that are absent mean nothing was found. */
export function readPackageFacts(extra: Readonly<Record<string, unknown>>): PackageFacts {
  return {
    scripted: (extra['scripted'] as readonly ScriptedPackage[] | undefined) ?? [],
    nestedPaths: (extra['nestedPaths'] as readonly string[] | undefined) ?? [],
    missingBins: (extra['missingBins'] as readonly string[] | undefined) ?? [],
    unpackable: (extra['unpackable'] as readonly string[] | undefined) ?? [],
  };
}
