// What goes wrong with a store, in the words that all kinds of stores use.
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';
import type { ObjectContent } from '@salver/core';

/** What the system answered, as an error of the store. SalverErrors pass. */
export function storeError(error: unknown, where: string): SalverError {
  const errno = errnoOf(error);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new SalverError('E_STORE_DENIED', `the store ${printable(where)} may not be used: ${errno}`, {
      cause: error,
      hint: 'check owner and mode of the directory',
    });
  }
  return fileSystemError(error, `cannot use the store ${printable(where)}`);
}

export function objectTooLarge(key: string, sizeBytes: number, bytesMax: number): SalverError {
  return new SalverError(
    'E_LIMIT_EXCEEDED',
    `${printable(key)} has ${sizeBytes} bytes; at most ${bytesMax} are read`,
    { hint: 'look who has changed the store', facts: { key: printable(key), sizeBytes, bytesMax } },
  );
}

export function objectNotFound(key: string, where: string): SalverError {
  return new SalverError('E_OBJECT_NOT_FOUND', `${where} has no ${printable(key)}`, {
    facts: { key: printable(key) },
  });
}

export function objectChanged(key: string, where: string): SalverError {
  return new SalverError('E_OBJECT_CHANGED', `${printable(key)} in ${where} was replaced while it was read`, {
    hint: 'try again',
    facts: { key: printable(key) },
  });
}

/** Compares what was read with what was announced. Throws E_DIGEST_MISMATCH. */
export function checkDigest(
  actual: { readonly sizeBytes: number; readonly sha256: string },
  announced: ObjectContent,
): void {
  if (actual.sizeBytes === announced.sizeBytes && actual.sha256 === announced.sha256) return;
  throw new SalverError('E_DIGEST_MISMATCH', 'what was to be stored has changed meanwhile', {
    hint: 'do not write to the file while it is pushed; push it again',
    facts: { sizeBytes: actual.sizeBytes, expectedBytes: announced.sizeBytes },
  });
}
