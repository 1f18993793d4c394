// What an ecosystem gets from the builder, with a memory cache and without any configuration of this machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_PROGRESS, hostTarget } from '@salver/core';
import type { EcosystemContext } from '@salver/core';
import { createMemoryBuildCache } from '@salver/testing';
import type { MemoryBuildCache } from '@salver/testing';
import type { PlannedPackage } from '../dist/install-plan.js';
import type { NpmOptions } from '../dist/npm-options.js';

export interface ContextDouble extends EcosystemContext {
  readonly cache: MemoryBuildCache;
  /** Everything that was warned about. */
  readonly warnings: string[];
}

/** Runs `work` with an empty directory as project and an empty cache; both are removed afterwards. */
export async function withContext<T>(
  work: (context: ContextDouble) => Promise<T>,
  changes: Partial<EcosystemContext> = {},
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'salver-npm-'));
  const cache = createMemoryBuildCache();
  const warnings: string[] = [];
  try {
    return await work({
      projectDir: directory,
      target: hostTarget(),
      settings: {},
      python: {},
      progress: { ...SILENT_PROGRESS, warn: (text) => void warnings.push(text) },
      env: plainEnvironment(directory),
      signal: new AbortController().signal,
      offline: false,
      ...changes,
      cache,
      warnings,
    });
  } finally {
    cache.dispose();
    await rm(directory, { recursive: true, force: true });
  }
}

/** An environment with programs, but without anybody's npm configuration. */
export function plainEnvironment(home: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    npm_config_globalconfig: join(home, 'no-global-npmrc'),
  };
}

/** npm options as they would be without any .npmrc, for a registry; retries are immediate. */
export function npmOptionsDouble(registry: string, changes: Partial<NpmOptions['fetch']> = {}): NpmOptions {
  return {
    legacyPeerDeps: false,
    force: false,
    engineStrict: false,
    installStrategy: 'hoisted',
    binLinks: true,
    ignoreScripts: false,
    allowScripts: [],
    strictAllowScripts: false,
    allowAllScripts: false,
    replaceRegistryHost: 'registry.npmjs.org',
    cacheDir: join(tmpdir(), 'salver-no-such-npm-cache'),
    undefinedVariables: [],
    fetch: {
      registry,
      strictSSL: true,
      maxSockets: 15,
      timeout: 5000,
      retry: { retries: 1, factor: 1, minTimeout: 1, maxTimeout: 1 },
      userAgent: 'salver-test',
      ...changes,
    },
  };
}

/** A package of a plan: `a@1.0.0` from the registry, required in production. */
export function plannedPackage(changes: Partial<PlannedPackage> = {}): PlannedPackage {
  return {
    location: `node_modules/${changes.name ?? 'a'}`,
    name: 'a',
    version: '1.0.0',
    source: { kind: 'registry' },
    production: true,
    optional: false,
    hasInstallScript: false,
    bin: {},
    dependencyLocations: [],
    scriptsAllowed: undefined,
    ...changes,
  };
}
