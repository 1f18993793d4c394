// pnpm, yarn and bun as plug-ins: the manager itself installs from its own frozen lock, with its own store, and
// Salver takes the units from what it leaves.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Ecosystem, EcosystemContext, EcosystemPlan } from '@salver/core';
import { SalverError, formatTarget, hostTarget } from '@salver/core';
import { resolveInProject } from '../lockfile-location.js';
import { isObject } from '../lockfile-shape.js';
import { lifecycleScript } from '../lifecycle.js';
import { loadNpmOptions } from '../npm-options.js';
import type { NpmOptions } from '../npm-options.js';
import { parseManifest } from '../read-lockfile.js';
import { memberAt, workspaceBuilds, workspaceClosure } from '../workspace-graph.js';
import { createManagedTree } from './build-tree.js';
import { bun } from './bun.js';
import { collectManaged } from './collect.js';
import { checkSources } from './locked-sources.js';
import { memberBins } from './member-bins.js';
import type { AppWorkspace, Manager } from './manager.js';
import { pnpm } from './pnpm.js';
import { readManagerProject } from './read-project.js';
import type { ManagerProject } from './read-project.js';
import { selectManager } from './select-manager.js';
import { yarnBerry } from './yarn-berry.js';
import { yarnClassic } from './yarn-classic.js';

/** The ecosystems of pnpm, yarn 1, yarn 2 and later, and bun. */
export function createManagerEcosystems(): readonly Ecosystem[] {
  return [pnpm, yarnClassic, yarnBerry, bun].map(createManagerEcosystem);
}

/** One manager's ecosystem. */
export function createManagerEcosystem(manager: Manager): Ecosystem {
  return {
    name: manager.id,
    detect({ projectDir }) {
      const selected = selectManager(projectDir);
      return Promise.resolve(selected?.id === manager.id ? selected.evidence : undefined);
    },
    plan: (context) => plan(context, manager),
  };
}

async function plan(context: EcosystemContext, manager: Manager): Promise<EcosystemPlan> {
  const { projectDir, env, settings, progress } = context;
  checkTarget(context, manager);
  const project = await readManagerProject(projectDir, manager);
  manager.check(project, env);
  checkSources(manager, project, settings);
  if (settings.allowScripts !== undefined) {
    progress.warn(
      `dependencies.allowScripts has no effect with ${manager.command}: it decides about install scripts by its own settings`,
    );
  }
  const workspace = context.workspace === undefined ? undefined : workspaceOf(project, context.workspace);
  const npmOptions = await loadNpmOptions(projectDir, env);
  const input = { context, npmOptions, manager, project, ...(workspace === undefined ? {} : { workspace }) };
  return {
    lockfile: project.lockfile,
    requiredFiles: ['package.json', project.lockfile],
    hasFinish: false,
    servesApp: false,
    ...(workspace === undefined
      ? {}
      : { workspaces: [...workspace.closure, ...linkedDirectories(project, workspace)] }),
    defaultBuild: defaultBuild(project, manager, workspace),
    hasLifecycle: !ignoresScripts(npmOptions, manager) && hasLifecycle(project, manager),
    ownedDirectories: ['node_modules', '.yarn/cache', '.yarn/unplugged'],
    executablePaths: memberBins(project.memberManifests),
    collectUnits: () => collectManaged(input),
    layOut: (appDir, collected) => createManagedTree(input, appDir, collected),
  };
}

function workspaceOf({ memberManifests }: ManagerProject, directory: string): AppWorkspace {
  const { name } = memberAt(memberManifests, directory);
  return { directory, name, closure: workspaceClosure(memberManifests, directory) };
}

/** What `link:` and `portal:` dependencies lead to: the manager only makes links to it. */
function linkedDirectories(
  { memberManifests }: ManagerProject,
  { closure }: AppWorkspace,
): readonly string[] {
  const found = new Set<string>();
  for (const { directory, manifest } of memberManifests.filter((member) =>
    closure.includes(member.directory),
  )) {
    for (const spec of Object.values({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const match = /^(?:link|portal):(.+)$/.exec(spec);
      const path = match === null ? undefined : resolveInProject(directory, match[1] ?? '');
      if (path !== undefined && path !== '' && !closure.includes(path)) found.add(path);
    }
  }
  return [...found].sort();
}

function defaultBuild(
  project: ManagerProject,
  { command }: Manager,
  workspace?: AppWorkspace,
): readonly string[] {
  const run = `${command} run`;
  if (workspace !== undefined) return workspaceBuilds(project.memberManifests, workspace.directory, run);
  return hasBuildScript(project) ? [`${run} build`] : [];
}

/** A manager installs for the machine it runs on. */
function checkTarget({ target }: EcosystemContext, { command }: Manager): void {
  const host = hostTarget();
  if (formatTarget(target) === formatTarget(host)) return;
  throw new SalverError(
    'E_PLATFORM_UNSUPPORTED',
    `${command} installs for this machine, which is ${formatTarget(host)}, not for ${formatTarget(target)}`,
    { hint: `build on a machine (or in a container) that is ${formatTarget(target)}` },
  );
}

function hasBuildScript({ manifest }: ManagerProject): boolean {
  const scripts = manifest['scripts'];
  return isObject(scripts) && typeof scripts['build'] === 'string' && scripts['build'] !== '';
}

/** `ignore-scripts` of .npmrc is theirs as well; yarn 2 and later have a setting of their own, for dependencies. */
function ignoresScripts({ ignoreScripts }: NpmOptions, { id }: Manager): boolean {
  return ignoreScripts && id !== 'yarn-berry';
}

function hasLifecycle({ projectDir, manifest, members, files }: ManagerProject, manager: Manager): boolean {
  const has = (directory: string, fields: unknown): boolean => {
    const hasGyp = existsSync(join(projectDir, directory, 'binding.gyp'));
    return manager.lifecycleEvents.some((event) => lifecycleScript(fields, event, hasGyp) !== undefined);
  };
  if (has('', manifest)) return true;
  return members.some((member) => {
    const path = `${member}/package.json`;
    const text = files.get(path)?.bytes.toString('utf8');
    return text !== undefined && has(member, parseManifest(text, path));
  });
}
