// What `status` says about the supervisor of a root.
import { hostPaths } from '../host-paths.js';
import { currentRelease } from '../release-links.js';
import { supervisorStatus } from './control-client.js';
import type { SupervisorStatus } from './control-messages.js';

export interface ServedStatus {
  /** Null when nobody answers. */
  readonly supervisor: SupervisorStatus | null;
  /** What an operator should look at, one line each. */
  readonly problems: readonly string[];
}

/** Asks the supervisor of the root. Throws E_ROOT_UNUSABLE. */
export async function servedStatus(root: string): Promise<ServedStatus> {
  const paths = hostPaths(root);
  const supervisor = (await supervisorStatus(paths)) ?? null;
  if (supervisor === null) return { supervisor, problems: [] };
  const problems: string[] = [];
  const current = currentRelease(paths) ?? null;
  const { release, state } = supervisor;
  if (state === 'failing')
    problems.push(`${release ?? 'the app'} crashes again and again under the supervisor`);
  if (state === 'serving' && release !== current) {
    problems.push(`the supervisor serves ${release ?? 'nothing'}, but ${current ?? 'no release'} is current`);
  }
  return { supervisor, problems };
}
