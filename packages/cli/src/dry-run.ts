// What `install`, `activate` and `rollback` would do, found out without changing anything.
import { SalverError, formatReleaseName, isSalverError, printable, readHead } from '@salver/core';
import type { ArtifactSource } from '@salver/core';
import { checkActivation, checkNeeds, listReleases, localHostFacts, rootStatus } from '@salver/installer';
import type { Environment, InstalledRelease, SwitchResult } from '@salver/installer';

/** The fields of an installation's result that are known before it. */
export interface InstallPreview extends SwitchResult {
  readonly id: string;
}

/** What the command was told. */
export interface PreviewOptions {
  readonly root: string;
  readonly env: Environment;
  readonly force: boolean;
}

/** Reads the head and compares it with this host. Throws as `installRelease` before it writes. */
export async function previewInstall(
  source: ArtifactSource,
  { activate, ...options }: PreviewOptions & { readonly activate: boolean },
): Promise<InstallPreview> {
  const { root } = options;
  const { manifest, id } = readHead(source);
  await checkNeeds(manifest, localHostFacts(options.env, root));
  const release = formatReleaseName(manifest.version, id);
  const installed = installedOrNone(root);
  const same = installed.find((one) => one.release === release);
  const previous = installed.find((one) => (activate ? one.isCurrent : one.isPrevious))?.release ?? null;
  const changed = same === undefined || (activate && !same.isCurrent);
  if (changed && activate) checkActivation({ ...options, release, manifest });
  return { changed, id, release, previous: changed ? previous : previousOf(installed) };
}

function installedOrNone(root: string): readonly InstalledRelease[] {
  try {
    return listReleases(root);
  } catch (error) {
    if (isSalverError(error, 'E_RELEASE_NOT_FOUND')) return [];
    throw error;
  }
}

function previousOf(installed: readonly InstalledRelease[]): string | null {
  return installed.find((one) => one.isPrevious)?.release ?? null;
}

/** Throws E_RELEASE_NOT_FOUND when no release, or more than one, fits the reference, and as checkActivation. */
export function previewActivate(reference: string, options: PreviewOptions): SwitchResult {
  const installed = listReleases(options.root);
  const exact = installed.filter(({ release }) => release === reference);
  const fitting = exact.length > 0 ? exact : installed.filter((one) => fits(one, reference));
  const [found] = fitting;
  if (found === undefined || fitting.length > 1) {
    const problem = found === undefined ? 'is no installed release' : 'may mean several releases';
    throw new SalverError('E_RELEASE_NOT_FOUND', `"${printable(reference)}" ${problem}`, {
      hint: 'see `salver-host releases`',
      facts: { candidates: fitting.map(({ release }) => release) },
    });
  }
  if (found.isCurrent) return { changed: false, release: found.release, previous: previousOf(installed) };
  checkActivation({ ...options, release: found.release });
  const current = installed.find((one) => one.isCurrent)?.release ?? null;
  return { changed: true, release: found.release, previous: current };
}

function fits({ version, id }: InstalledRelease, reference: string): boolean {
  return version === reference || (/^[0-9a-f]{4,64}$/.test(reference) && id.startsWith(reference));
}

/** Throws E_NOTHING_TO_ROLL_BACK, E_ROLLBACK_UNSAFE, E_RELEASE_NOT_FOUND. */
export function previewRollback(root: string, force: boolean): SwitchResult {
  const { current, rollback } = rootStatus(root);
  if (rollback === null) {
    throw new SalverError(
      'E_NOTHING_TO_ROLL_BACK',
      `there is no earlier release to go back to in ${printable(root)}`,
      {
        hint: 'activate a release by name: see `salver-host releases`',
      },
    );
  }
  if (rollback.refused !== null && !force) {
    throw new SalverError('E_ROLLBACK_UNSAFE', `${rollback.release} is not safe: ${rollback.refused}`, {
      hint: 'mend forward, or use --force if you know that it works',
    });
  }
  return { changed: true, release: rollback.release, previous: current?.release ?? null };
}
