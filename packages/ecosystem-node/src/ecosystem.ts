// npm as a plug-in: from a project with npm's lock to finished units.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ecosystem, EcosystemContext, EcosystemPlan } from '@salver/core';
import { findWorkspaces } from './find-workspaces.js';
import { isObject } from './lockfile-shape.js';
import { createBuildTree } from './build-tree.js';
import { collectUnits } from './collect-units.js';
import type { InstallPlan } from './install-plan.js';
import { hasLifecycle } from './lifecycle.js';
import { selectManager } from './managers/select-manager.js';
import { linkedBinPaths } from './plan-paths.js';
import { loadNpmOptions } from './npm-options.js';
import { parseManifest, readProjectTexts } from './read-lockfile.js';
import type { ProjectTexts } from './read-lockfile.js';
import { planOnce } from './remember-plan.js';
import { readMembers, workspaceBuilds } from './workspace-graph.js';
import type { WorkspaceMember } from './workspace-graph.js';

/** npm's ecosystem: package-lock.json and npm-shrinkwrap.json, versions 2 and 3. */
export function createNpmEcosystem(): Ecosystem {
  return {
    name: 'npm',
    detect({ projectDir }) {
      // A package.json alone counts too, so that a missing lock is an error and not silence.
      const selected = selectManager(projectDir);
      return Promise.resolve(selected?.id === 'npm' ? selected.evidence : undefined);
    },
    plan,
  };
}

async function plan(context: EcosystemContext): Promise<EcosystemPlan> {
  const { projectDir, target, workspace, settings, env, cache } = context;
  const npmOptions = await loadNpmOptions(projectDir, env);
  const texts = await readProjectTexts(projectDir);
  const nodeVersion = process.version;
  const app = workspace === undefined ? {} : { workspace };
  const builds =
    workspace === undefined
      ? undefined
      : workspaceBuilds(await readWorkspaces(projectDir, texts), workspace, 'npm run');
  const installPlan = await planOnce(
    texts,
    { projectDir, target, nodeVersion, settings, npmOptions, ...app },
    cache,
  );
  for (const warning of installPlan.warnings) context.progress.warn(warning);
  const input = { context, plan: installPlan, npmOptions };
  return {
    lockfile: installPlan.lockfile,
    requiredFiles: ['package.json', installPlan.lockfile],
    ...(workspace === undefined ? {} : { workspaces: shippedDirectories(installPlan, workspace) }),
    defaultBuild: builds ?? (hasBuildScript(installPlan) ? ['npm run build'] : []),
    hasLifecycle: !npmOptions.ignoreScripts && (await projectHasLifecycle(projectDir, installPlan)),
    hasFinish: false,
    servesApp: false,
    ownedDirectories: ['node_modules'],
    executablePaths: linkedBinPaths(installPlan),
    collectUnits: () => collectUnits(input),
    layOut: (appDir, collected) => createBuildTree({ ...input, appDir, collected }),
  };
}

/** The app, and the directories that it reaches by links: workspaces and `file:` dependencies. */
function shippedDirectories({ links }: InstallPlan, workspace: string): readonly string[] {
  const linked = links.filter(({ production }) => production).map(({ targetPath }) => targetPath);
  return [workspace, ...[...new Set(linked)].filter((path) => path !== '' && path !== workspace).sort()];
}

async function readWorkspaces(projectDir: string, texts: ProjectTexts): Promise<readonly WorkspaceMember[]> {
  const found = await findWorkspaces(projectDir, parseManifest(texts.manifestText, 'package.json'));
  return readMembers(projectDir, [...found.values()]);
}

function hasBuildScript({ rootManifest }: InstallPlan): boolean {
  const scripts = rootManifest['scripts'];
  return isObject(scripts) && typeof scripts['build'] === 'string' && scripts['build'] !== '';
}

async function projectHasLifecycle(projectDir: string, installPlan: InstallPlan): Promise<boolean> {
  const linkManifests = new Map<string, unknown>();
  for (const { targetPath } of installPlan.links) {
    if (targetPath !== '') linkManifests.set(targetPath, await readManifest(join(projectDir, targetPath)));
  }
  return hasLifecycle({ projectDir, rootManifest: installPlan.rootManifest, linkManifests });
}

async function readManifest(directory: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(join(directory, 'package.json'), 'utf8')).replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}
