// The contract about the environment: what the release says it reads (`env` in salver.json) against what this host
// has in config/env and in the process environment. Names are shown, values never.
import { SalverError } from '@salver/core';
import type { EnvRule, Manifest } from '@salver/core';
import { readEnvFile } from './env-file.js';
import { patternProblems } from './env-patterns.js';
import type { PatternCheck, VariableProblem } from './env-patterns.js';
import type { HostPaths } from './host-paths.js';
import type { Environment } from './release-environment.js';

/** Throws E_ENV_UNMET with everything that is wrong, E_CONFIG_INVALID when config/env cannot be read. */
export function checkEnvironment(paths: HostPaths, manifest: Manifest, env: Environment): void {
  const problems = environmentProblems(paths, manifest, env);
  if (problems.length === 0) return;
  throw new SalverError(
    'E_ENV_UNMET',
    `the environment of this host is not what the release needs: ${problems.join('; ')}`,
    { hint: `set them in ${paths.envFile}; nothing was changed`, facts: { problems } },
  );
}

/** One line per variable that is missing or of the wrong form. Throws E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function environmentProblems(
  paths: HostPaths,
  manifest: Manifest,
  env: Environment,
): readonly string[] {
  const rules = Object.entries<EnvRule>(manifest.host.env ?? {});
  // Hooks need the file as well: better to hear that it cannot be read before anything has begun.
  if (rules.length === 0 && manifest.host.hooks === undefined) return [];
  const settings = readEnvFile(paths.envFile);
  const found: VariableProblem[] = [];
  const checks: PatternCheck[] = [];
  for (const [name, rule] of rules) {
    const value = settings.get(name) ?? env[name] ?? rule.default;
    if (value === undefined || value === '') {
      const problem = value === undefined ? 'is not set' : 'is empty';
      if (rule.required === true) found.push({ name, problem });
    } else if (rule.pattern !== undefined) checks.push({ name, value, pattern: rule.pattern });
  }
  return [...found, ...patternProblems(checks)].map(({ name, problem }) => `${name} ${problem}`);
}

/** Fingerprint of the environment: the names that are set of those in config/env and those the release declares. */
export function environmentNames(
  paths: HostPaths,
  manifest: Manifest | undefined,
  env: Environment,
): readonly string[] {
  const settings = readEnvFile(paths.envFile);
  const declared = Object.keys(manifest?.host.env ?? {}).filter((name) => env[name] !== undefined);
  return [...new Set([...settings.keys(), ...declared])].sort();
}
