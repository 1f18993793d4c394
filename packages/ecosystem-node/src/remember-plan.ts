// A plan depends on two files and some settings, and most builds change neither: what was computed before is
// taken from the cache. Plans of projects with workspaces or `file:` directories also depend on the files in
// those, and are computed every time.
import { canonicalJson, sha256Hex } from '@salver/core';
import type { BuildCache } from '@salver/core';
import { computePlan } from './compute-plan.js';
import type { PlanSettings } from './compute-plan.js';
import type { InstallPlan } from './install-plan.js';
import { parseProjectTexts } from './read-lockfile.js';
import type { ProjectTexts, ReadLockfile } from './read-lockfile.js';

/** Raised whenever the same input gives another plan; the test of this module notices when it is forgotten. */
export const PLAN_FORMAT = 1;

/** The plan, computed or remembered. Throws as `parseProjectTexts` and `computePlan`. */
export async function planOnce(
  texts: ProjectTexts,
  settings: PlanSettings,
  cache: Pick<BuildCache, 'findNote' | 'storeNote'>,
): Promise<InstallPlan> {
  const key = planKey(texts, settings);
  const known = cache.findNote(key) as InstallPlan | undefined;
  if (known !== undefined) return known;
  const read = parseProjectTexts(texts);
  const plan = await computePlan({ ...read, ...settings });
  if (readsNothingElse(read)) cache.storeNote(key, plan);
  return plan;
}

function planKey(
  texts: ProjectTexts,
  { target, workspace, nodeVersion, settings, npmOptions }: PlanSettings,
): string {
  const {
    legacyPeerDeps,
    force,
    engineStrict,
    installStrategy,
    binLinks,
    ignoreScripts,
    allowScripts,
    strictAllowScripts,
    allowAllScripts,
  } = npmOptions;
  const input = {
    lockfile: texts.lockfile,
    lock: sha256Hex(texts.lockText),
    manifest: sha256Hex(texts.manifestText),
    target: { ...target },
    ...(workspace === undefined ? {} : { workspace }),
    nodeVersion,
    settings,
    npm: {
      legacyPeerDeps,
      force,
      engineStrict,
      installStrategy,
      binLinks,
      ignoreScripts,
      allowScripts,
      strictAllowScripts,
      allowAllScripts,
    } satisfies PlanSettings['npmOptions'],
  };
  return `npm-plan:${PLAN_FORMAT}:${sha256Hex(canonicalJson(input))}`;
}

function readsNothingElse({ rootManifest, lock }: ReadLockfile): boolean {
  const isPlain = rootManifest['workspaces'] === undefined || rootManifest['workspaces'] === null;
  return isPlain && ![...lock.packages.values()].some((entry) => entry.link === true);
}
