// Certificates of a team's own authority, named by the address of a store.
import { readFileSync } from 'node:fs';
import { SalverError, fileSystemError, printable } from '@salver/core';

/** PEM. Throws E_FILE_SYSTEM. */
export function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileSystemError(error, 'cannot read the certificates that the store names');
  }
}

/** Faults of names and certificates: trying again gives the same. */
const CERTIFICATE_FAULTS = /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** The error for a server whose certificate is not trusted; undefined when that is not what went wrong. */
export function certificateError(error: unknown, where: string): SalverError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !CERTIFICATE_FAULTS.test(String(error.code)))
    return undefined;
  return new SalverError('E_STORE_MISCONFIGURED', `${where}: ${printable(error.message)}`, {
    cause: error,
    hint: 'if the certificate is of your own authority, name it with NODE_EXTRA_CA_CERTS or ?ca=FILE',
  });
}
