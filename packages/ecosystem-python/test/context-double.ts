// What a build gives an ecosystem, with an empty project and an empty cache.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_PROGRESS, hostTarget } from '@salver/core';
import type { EcosystemContext } from '@salver/core';
import { createMemoryBuildCache } from '@salver/testing';
import { rankTags } from '../dist/choose-file.js';
import { PackageFetcher } from '../dist/fetch-package.js';
import type { Interpreter } from '../dist/interpreter.js';
import { NO_INDEX_OPTIONS } from '../dist/python-lock.js';
import type { IndexOptions } from '../dist/python-lock.js';
import { supportedTags } from '../dist/wheel-tags.js';
import { LINUX } from './environment-double.js';

/** CPython 3.11 on Linux, as far as choosing goes: it is never run. */
export const INTERPRETER: Interpreter = {
  path: '/nowhere/python3.11',
  version: '3.11',
  fullVersion: '3.11.7',
  soabi: 'cpython-311-x86_64-linux-gnu',
  magic: 'a70d0d0a',
  freeThreaded: false,
  machine: 'x86_64',
  variables: LINUX.variables,
};

export async function withContext<T>(
  work: (context: EcosystemContext) => Promise<T>,
  changes: Partial<EcosystemContext> = {},
): Promise<T> {
  const projectDir = mkdtempSync(join(tmpdir(), 'salver-python-'));
  const cache = createMemoryBuildCache();
  try {
    return await work({
      projectDir,
      target: hostTarget(),
      settings: {},
      python: {},
      cache,
      progress: SILENT_PROGRESS,
      env: { PIP_CONFIG_FILE: '/dev/null', HOME: projectDir },
      signal: new AbortController().signal,
      offline: false,
      ...changes,
    });
  } finally {
    cache.dispose();
    rmSync(projectDir, { recursive: true, force: true });
  }
}

export function fetcherOf(context: EcosystemContext, index: IndexOptions = NO_INDEX_OPTIONS): PackageFetcher {
  const libc = { family: 'glibc', major: 2, minor: 36 } as const;
  const tags = rankTags(supportedTags({ minor: 11, freeThreaded: false, machine: 'x86_64', libc }));
  return new PackageFetcher({ context, interpreter: INTERPRETER, tags, index });
}
