// What an activation would refuse beforehand, for dry runs: changes nothing, takes no lock.
import type { Manifest } from '@salver/core';
import { refuseAcrossContract } from './contract-guard.js';
import { checkEnvironment } from './env-contract.js';
import { hostPaths } from './host-paths.js';
import type { Environment } from './release-environment.js';
import { currentRelease } from './release-links.js';
import { requireManifest } from './require-release.js';

export interface ActivationQuestion {
  readonly root: string;
  readonly release: string;
  /** Default: that of the installed release. */
  readonly manifest?: Manifest | undefined;
  readonly env: Environment;
  readonly force: boolean;
}

/** Throws E_ENV_UNMET, E_ROLLBACK_UNSAFE, E_CONFIG_INVALID, E_RELEASE_NOT_FOUND, E_RELEASE_DAMAGED. */
export function checkActivation({ root, release, manifest, env, force }: ActivationQuestion): void {
  const paths = hostPaths(root);
  checkEnvironment(paths, manifest ?? requireManifest(paths, release), env);
  refuseAcrossContract(paths, { release, current: currentRelease(paths), force });
}
