// System errors of file operations get a stable code; bugs must stay recognisable as bugs.
import { errnoOf, fileSystemError } from '@salver/core';

/** A system error as E_DISK_FULL or E_FILE_SYSTEM; everything else (a SalverError, a bug) as it is. */
export function codedFileError(error: unknown, what: string): unknown {
  return errnoOf(error) === undefined ? error : fileSystemError(error, what);
}
