// P2, the part about the root: its directories exist, can be written, and lie on one file system (a rename
// across two is a copy, which can be seen half done).
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { SalverError } from '@salver/core';
import { withFileErrors } from './file-errors.js';
import { STATE_DIRECTORY_MODE } from './host-paths.js';
import type { HostPaths } from './host-paths.js';

/** Creates what is missing of the layout. Throws E_ROOT_UNUSABLE, E_FILE_SYSTEM, E_DISK_FULL. */
export function prepareRoot(paths: HostPaths): void {
  const directories = [paths.root, paths.releases, paths.shared, paths.state, paths.records, paths.staging];
  withFileErrors(`cannot set up ${paths.root}`, () => {
    for (const directory of directories)
      mkdirSync(directory, { recursive: true, mode: STATE_DIRECTORY_MODE });
    for (const directory of directories) accessSync(directory, constants.W_OK | constants.X_OK);
  });
  checkOneFileSystem(paths);
}

/** Throws E_RELEASE_NOT_FOUND when no app was ever installed here. Changes nothing. */
export function requireRoot(paths: HostPaths): void {
  if (statSync(paths.records, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SalverError('E_RELEASE_NOT_FOUND', `nothing is installed in ${paths.root}`, {
      hint: 'check --root, or install a release first',
      facts: { path: paths.root },
    });
  }
}

function checkOneFileSystem(paths: HostPaths): void {
  const device = statSync(paths.root).dev;
  for (const directory of [paths.releases, paths.staging]) {
    if (statSync(directory).dev !== device) {
      throw new SalverError('E_ROOT_UNUSABLE', `${directory} is on another file system than ${paths.root}`, {
        hint: 'keep the root on one file system; only shared/ may be mounted from elsewhere',
        facts: { path: directory },
      });
    }
  }
}
