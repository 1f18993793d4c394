// P2, the part about the root: its directories exist, can be written, and lie on one file system (a rename
// across two is a copy, which can be seen half done).
import { accessSync, constants, statSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError } from '@salver/core';
import { rethrowFileError } from './file-errors.js';
import { STATE_DIRECTORY_MODE } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { makeDirectories } from './make-directories.js';

/** Creates what is missing of the layout. Throws E_ROOT_UNUSABLE, E_FILE_SYSTEM, E_DISK_FULL. */
export function prepareRoot(paths: HostPaths): void {
  const directories = [paths.root, paths.releases, paths.shared, paths.state, paths.records, paths.staging];
  // Services run as other users and must be able to pass, whatever the umask of whoever installs.
  const umask = process.umask(0o022);
  try {
    for (const directory of directories) makeDirectories(directory, STATE_DIRECTORY_MODE);
    for (const directory of directories) accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (UNUSABLE_ERRNOS.has(errnoOf(error) ?? '')) throw unusable(error, paths);
    rethrowFileError(error, `cannot set up ${paths.root}`);
  } finally {
    process.umask(umask);
  }
  checkOneFileSystem(paths);
}

/** What the system says of a place where no root can be, as opposed to one that fails now and then. */
const UNUSABLE_ERRNOS: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOTDIR', 'EEXIST']);

function unusable(error: unknown, paths: HostPaths): SalverError {
  const { message, hint, facts } = fileSystemError(error, `cannot set up ${paths.root}`);
  return new SalverError('E_ROOT_UNUSABLE', message, {
    cause: error,
    hint: hint ?? 'choose another directory with --root',
    facts: { ...facts, path: paths.root },
  });
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
