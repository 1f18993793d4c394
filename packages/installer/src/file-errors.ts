// Turns system errors into SalverErrors at the border of a step. Anything that is not a system error is a
// bug and stays what it is, so that it is shown with its stack.
import { errnoOf, fileSystemError } from '@salver/core';

/** Throws `error` again: E_DISK_FULL or E_FILE_SYSTEM when the system refused a file operation. */
export function rethrowFileError(error: unknown, what: string): never {
  throw isSystemError(error) ? fileSystemError(error, what) : error;
}

/** Runs `work`; system errors become E_DISK_FULL or E_FILE_SYSTEM with `what` in the message. */
export function withFileErrors<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return rethrowFileError(error, what);
  }
}

function isSystemError(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno !== undefined && error instanceof Error && 'syscall' in error && /^E[A-Z0-9]+$/.test(errno);
}
