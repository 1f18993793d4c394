// What source distributions are built with: pinned like everything else. Most need only setuptools, whose version is
// pinned here; for others the project names a requirements file with hashes.
import { SalverError, printable } from '@salver/core';
import { canonicalName } from './canonical-name.js';
import type { LockedPackage } from './python-lock.js';
import { sriOfHash } from './python-lock.js';
import { parseSpecifiers, satisfies } from './specifier.js';

/** Raised by hand, with the hashes PyPI states. A change builds every source distribution anew. */
const DEFAULTS: readonly (readonly [name: string, version: string, sha256: string])[] = [
  ['setuptools', '80.9.0', '062d34222ad13e0cc312a4c02d73f059e86a4acbfbdea8f8f76b28c99f306922'],
  ['wheel', '0.45.1', '708e7481cc80179af0e556bbf0cc00b8444c7321e2700b8d8580231d13017248'],
];

export function defaultBuildRequirements(): readonly LockedPackage[] {
  return DEFAULTS.map(([name, version, sha256]) => ({
    name,
    version,
    files: [],
    hashes: [sriOfHash('sha256', sha256) ?? ''],
  }));
}

/** The build system a source distribution asks for (`[build-system]` of pyproject.toml). */
export interface BuildSystem {
  /** Requirements as written; markers included. */
  readonly requires: readonly string[];
  /** `module:object`. */
  readonly backend: string;
  /** Directories in the sdist where the backend lies. */
  readonly backendPath: readonly string[];
}

/** What a project without a build-system table gets, as pip does it. */
const LEGACY: BuildSystem = {
  requires: ['setuptools'],
  backend: 'setuptools.build_meta:__legacy__',
  backendPath: [],
};

/** Reads pyproject.toml; `undefined` for a project that has none. Throws Error for one that cannot be read. */
export async function readBuildSystem(pyproject: string | undefined): Promise<BuildSystem> {
  if (pyproject === undefined) return LEGACY;
  const { parse } = await import('smol-toml');
  const table = (parse(pyproject) as Readonly<Record<string, unknown>>)['build-system'];
  if (typeof table !== 'object' || table === null) return LEGACY;
  const {
    requires,
    'build-backend': backend,
    'backend-path': path,
  } = table as Readonly<Record<string, unknown>>;
  const texts = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  return {
    requires: texts(requires),
    backend: typeof backend === 'string' ? backend : LEGACY.backend,
    backendPath: texts(path),
  };
}

/**
 * Refuses what is asked for and not pinned. `applies` decides a requirement's marker.
 * Throws E_BUILD_REQUIREMENT_UNPINNED.
 */
export function checkBuildRequirements(
  requires: readonly string[],
  pinned: ReadonlyMap<string, string>,
  options: { readonly description: string; readonly applies: (marker: string) => boolean },
): void {
  for (const requirement of requires) {
    const [, name = '', range = '', marker] =
      /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)@]*)\)?\s*(?:;(.*))?$/.exec(
        requirement,
      ) ?? [];
    if (marker !== undefined && !options.applies(marker)) continue;
    const version = pinned.get(canonicalName(name));
    const specifiers = parseSpecifiers(range);
    if (version !== undefined && (specifiers === undefined || satisfies(version, specifiers))) continue;
    throw unpinned(requirement, version, options.description);
  }
}

function unpinned(requirement: string, version: string | undefined, description: string): SalverError {
  const instead = version === undefined ? 'is not pinned' : `does not allow the pinned ${version}`;
  return new SalverError(
    'E_BUILD_REQUIREMENT_UNPINNED',
    `${description} has no wheel for this target, and what builds it ${instead}: ${printable(requirement)}`,
    {
      hint: 'lock what it is built with (`pip-compile --generate-hashes -o requirements-build.txt`) and name the file in python.buildRequirements',
      facts: { requirement: printable(requirement) },
    },
  );
}
