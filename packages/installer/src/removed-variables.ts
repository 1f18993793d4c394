// Before an older release becomes current again: which variables it had when it last ran are not set any more?
import type { Act } from './act.js';
import { environmentNames } from './env-contract.js';
import { readMark } from './release-marks.js';

/** Warns with the names. Throws E_CONFIG_INVALID when config/env cannot be read. */
export function warnOfRemovedVariables(act: Act): void {
  const { paths, manifest, env, release } = act;
  const mark = readMark(paths, release);
  if (mark === undefined || mark.envNames.length === 0) return;
  const present = new Set(environmentNames(paths, manifest, env));
  const removed = mark.envNames.filter((name) => !present.has(name));
  if (removed.length === 0) return;
  act.progress.warn(`set when ${release} last ran here, but not any more: ${removed.join(', ')}`);
}
