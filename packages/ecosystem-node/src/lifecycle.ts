// The project's own lifecycle scripts that `npm ci` runs, for workspaces first, then for the root.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from './lockfile-shape.js';
import { IMPLICIT_GYP_SCRIPT } from './package-facts.js';

/** For workspaces and `file:` directories: each event for all of them before the next. */
export const LINK_EVENTS = ['preinstall', 'prepare', 'install', 'postinstall'] as const;

/** For the root, one after the other. */
export const ROOT_EVENTS = [
  'predependencies',
  'dependencies',
  'postdependencies',
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
] as const;

/** The command npm runs for an event, or undefined. A binding.gyp without install scripts is compiled. */
export function lifecycleScript(
  manifest: unknown,
  event: string,
  hasBindingGyp: boolean,
): string | undefined {
  const fields = isObject(manifest) ? manifest : {};
  const scripts = isObject(fields['scripts']) ? fields['scripts'] : {};
  const script = scripts[event];
  if (typeof script === 'string' && script !== '') return script;
  const isImplicit =
    event === 'install' &&
    hasBindingGyp &&
    fields['gypfile'] !== false &&
    scripts['preinstall'] === undefined;
  return isImplicit ? IMPLICIT_GYP_SCRIPT : undefined;
}

export interface LifecycleInput {
  readonly projectDir: string;
  readonly rootManifest: unknown;
  /** Manifests of workspaces and `file:` directories, by directory relative to the project. */
  readonly linkManifests: ReadonlyMap<string, unknown>;
}

/** True when `npm ci` would run anything for the project itself. */
export function hasLifecycle({ projectDir, rootManifest, linkManifests }: LifecycleInput): boolean {
  const has = (directory: string, manifest: unknown, events: readonly string[]): boolean => {
    const hasGyp = existsSync(join(projectDir, directory, 'binding.gyp'));
    return events.some((event) => lifecycleScript(manifest, event, hasGyp) !== undefined);
  };
  if (has('', rootManifest, ROOT_EVENTS)) return true;
  return [...linkManifests].some(([directory, manifest]) => has(directory, manifest, LINK_EVENTS));
}
