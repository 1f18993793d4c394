// Optional packages that cannot be had: left out with everything that is only there for their sake, as npm
// does, but never silently.
import type { Progress, SalverError } from '@salver/core';
import { isSalverError } from '@salver/core';
import { describePackage } from './fetch-package.js';
import type { PlannedPackage } from './install-plan.js';

/** Locations of packages that cannot be had and may be missing. */
export class LeftOut {
  readonly #progress: Progress;
  readonly #locations = new Set<string>();

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  has(location: string): boolean {
    return this.#locations.has(location);
  }

  /** Leaves out an optional package and its set; any other failure is thrown. */
  add(item: PlannedPackage, error: unknown): void {
    if (!item.optional || !isReasonToLeaveOut(error)) throw error;
    for (const location of [item.location, ...(item.optionalSet ?? [])]) this.#locations.add(location);
    const reason = (error.message.split('\n')[0] ?? '').replace(/:$/, '');
    this.#progress.warn(`left out the optional package ${describePackage(item)}: ${reason} [${error.code}]`);
  }
}

/**
 * What npm takes as "this optional package cannot be had here". Content that does not fit its integrity is
 * not among it, other than in npm: somebody changed it, and that must be seen.
 */
function isReasonToLeaveOut(error: unknown): error is SalverError {
  if (!isSalverError(error)) return false;
  switch (error.code) {
    case 'E_REGISTRY_UNREACHABLE':
    case 'E_REGISTRY_DENIED':
    case 'E_PACKAGE_NOT_FOUND':
    case 'E_DOWNLOAD_FAILED':
    case 'E_TARBALL_DAMAGED':
    case 'E_INSTALL_SCRIPT_FAILED':
      return true;
    default:
      return false;
  }
}
