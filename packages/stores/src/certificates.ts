// Certificates of a team's own authority, named by the address of a store.
import { readFileSync } from 'node:fs';
import { fileSystemError } from '@salver/core';

/** PEM. Throws E_FILE_SYSTEM. */
export function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileSystemError(error, 'cannot read the certificates that the store names');
  }
}
