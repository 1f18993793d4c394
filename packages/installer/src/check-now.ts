// One try of the current release's check, for `status --check`: how is it right now?
import { SILENT_PROGRESS } from '@salver/core';
import { durationMs } from './duration.js';
import { probe } from './health-probe.js';
import type { ProbeResult } from './health-probe.js';
import { hostPaths } from './host-paths.js';
import type { Environment } from './release-environment.js';
import { currentRelease, previousRelease } from './release-links.js';
import { readManifestOrNone } from './require-release.js';

const TRY_MS_DEFAULT = 5_000;

/** Undefined when nothing is current, or it has no check. Throws E_ROOT_UNUSABLE, E_CONFIG_INVALID, E_INTERRUPTED. */
export async function checkNow(
  root: string,
  env: Environment,
  signal?: AbortSignal,
): Promise<ProbeResult | undefined> {
  const paths = hostPaths(root);
  const release = currentRelease(paths);
  const manifest = release === undefined ? undefined : readManifestOrNone(paths, release);
  const rule = manifest?.host.hooks?.check;
  if (release === undefined || rule === undefined) return undefined;
  const previous = previousRelease(paths) ?? null;
  const act = { txid: '', act: 'status', env, progress: SILENT_PROGRESS, signal };
  const context = { paths, release, manifest, previous, ...act };
  return probe({ context, rule, timeoutMs: durationMs(rule.timeout, TRY_MS_DEFAULT) });
}
