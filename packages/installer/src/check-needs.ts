// P2, the part about the host itself: a release that cannot run here is refused before anything is written,
// with the file that asks and the thing that is missing.
import { SalverError, compareVersions, printable } from '@salver/core';
import type { Manifest, Needs, NodeNeeds, PythonNeeds } from '@salver/core';
import type { HostFacts } from './host-facts.js';

/** Throws E_PLATFORM_MISMATCH or E_NEEDS_UNMET (all unmet needs in `facts.unmet`). */
export async function checkNeeds(manifest: Manifest, host: HostFacts): Promise<void> {
  if (manifest.target !== host.target) {
    throw new SalverError(
      'E_PLATFORM_MISMATCH',
      `the release is for ${manifest.target}; this host is ${host.target}`,
      {
        hint: `build the release for ${host.target}, or install it on a fitting host`,
        facts: { expected: manifest.target, actual: host.target },
      },
    );
  }
  const unmet = await findUnmetNeeds(manifest.needs, host);
  if (unmet.length === 0) return;
  throw new SalverError('E_NEEDS_UNMET', `this host cannot run the release: ${unmet.join('; ')}`, {
    hint: 'install what is missing, or build on a system as old as this host; nothing was changed',
    facts: { unmet },
  });
}

/** One line per need that the host does not meet. */
export async function findUnmetNeeds(needs: Needs, host: HostFacts): Promise<readonly string[]> {
  const unmet = [
    versionProblem('glibc', needs.glibc, () => host.glibc()),
    versionProblem('GLIBCXX (libstdc++)', needs.glibcxx, () => host.cxx('GLIBCXX')),
    versionProblem('CXXABI (libstdc++)', needs.cxxabi, () => host.cxx('CXXABI')),
    ...(needs.libraries ?? []).map(({ name, by }) =>
      host.hasLibrary(name)
        ? undefined
        : `${printable(by)} needs the library ${printable(name)}, which is not installed`,
    ),
    ...(needs.node === undefined ? [] : await nodeProblems(needs.node, host)),
    needs.python === undefined ? undefined : pythonProblem(needs.python, host),
  ];
  return unmet.filter((problem) => problem !== undefined);
}

function versionProblem(
  what: string,
  need: { readonly version: string; readonly by: string } | undefined,
  hostVersion: () => string | undefined,
): string | undefined {
  if (need === undefined) return undefined;
  const actual = hostVersion();
  if (actual !== undefined && compareVersions(actual, need.version) >= 0) return undefined;
  const here = actual === undefined ? 'it is not installed' : `this host has ${actual}`;
  return `${printable(need.by)} needs ${what} ${need.version}; ${here}`;
}

function pythonProblem({ version, soabi, atLeast }: PythonNeeds, host: HostFacts): string | undefined {
  const wanted = `the app needs Python ${atLeast ?? version}`;
  const found = host.python(version);
  if (found === undefined)
    return `${wanted}; this host has none (python${version} on PATH, or config/python)`;
  const here = `this host has ${printable(found.version)} (${printable(found.path)})`;
  if (!found.version.startsWith(`${version}.`)) return `${wanted}; ${here}`;
  if (atLeast !== undefined && compareVersions(found.version, atLeast) < 0)
    return `${wanted} or a later ${version}; ${here}`;
  if (found.soabi === soabi) return undefined;
  return `${wanted} with the ABI ${printable(soabi)}; that of ${printable(found.path)} is ${printable(found.soabi)}`;
}

async function nodeProblems(needs: NodeNeeds, host: HostFacts): Promise<(string | undefined)[]> {
  if (needs.range === undefined && needs.modules === undefined) return [];
  const node = host.node();
  return [await rangeProblem(needs.range, node.version), modulesProblem(needs.modules, node)];
}

async function rangeProblem(range: string | undefined, version: string): Promise<string | undefined> {
  if (range === undefined) return undefined;
  const { default: satisfies } = await import('semver/functions/satisfies.js');
  return satisfies(version, range, { includePrerelease: true })
    ? undefined
    : `the app needs node ${printable(range)}; this host has ${version}`;
}

function modulesProblem(
  need: NodeNeeds['modules'],
  node: { readonly version: string; readonly modules: number },
): string | undefined {
  if (need === undefined || need.version === node.modules) return undefined;
  return (
    `${printable(need.by)} was compiled for the module version ${need.version} of node; ` +
    `node ${node.version} of this host has ${node.modules}`
  );
}
