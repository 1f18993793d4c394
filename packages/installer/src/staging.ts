// Work in progress lies in a private directory below .salver/staging, on the file system of the releases, and
// is removed whatever happens. After kill -9 the next run's recovery removes it.
import { mkdtempSync, rmSync } from 'node:fs';
import { errnoOf } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import type { HostPaths } from './host-paths.js';

/** Runs `work` with a fresh private directory. */
export async function withStaging<T>(paths: HostPaths, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = withFileErrors(`cannot stage in ${paths.staging}`, () =>
    mkdtempSync(`${paths.staging}/tx-`),
  );
  try {
    return await work(directory);
  } finally {
    discard(directory);
  }
}

/** What cannot be removed now the next recovery removes: no reason to fail, or to hide why `work` did. */
function discard(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
