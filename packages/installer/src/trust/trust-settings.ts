// Whom a root trusts: files that configuration management puts into config/trust. A root that has the directory and no
// list of signers is misconfigured, never open.
import { existsSync, readFileSync } from 'node:fs';
import { SalverError, ShapeError, flag, integer, object } from '@salver/core';
import { withFileErrors } from '../file-errors.js';
import type { HostPaths } from '../host-paths.js';

export interface TrustSettings {
  /** Path of the allowed_signers file. */
  readonly allowedSigners: string;
  /** Path of the revoked keys, where there are some. */
  readonly revokedKeys: string | undefined;
  /** How many different signers must have signed. */
  readonly threshold: number;
  /** Channels that never expire are refused. */
  readonly requireExpiry: boolean;
}

interface TrustDocument {
  readonly threshold?: number;
  readonly requireExpiry?: boolean;
}

const THRESHOLD_MAX = 16;
const documentShape = object<TrustDocument>({ threshold: integer(1, THRESHOLD_MAX), requireExpiry: flag }, [
  'threshold',
  'requireExpiry',
]);

/** Undefined when the root trusts whatever it is given. Throws E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function readTrustSettings(paths: HostPaths): TrustSettings | undefined {
  const directory = paths.trustConfig;
  if (!existsSync(directory)) return undefined;
  const allowedSigners = `${directory}/allowed_signers`;
  if (!existsSync(allowedSigners)) {
    throw new SalverError('E_CONFIG_INVALID', `${directory} has no allowed_signers`, {
      hint: 'list the trusted keys there, one line each as ssh-keygen(1) says, or remove the directory',
    });
  }
  const revokedKeys = `${directory}/revoked_keys`;
  const { threshold = 1, requireExpiry = false } = readDocument(`${directory}/trust.json`);
  return {
    allowedSigners,
    revokedKeys: existsSync(revokedKeys) ? revokedKeys : undefined,
    threshold,
    requireExpiry,
  };
}

function readDocument(path: string): TrustDocument {
  if (!existsSync(path)) return {};
  const text = withFileErrors(`cannot read ${path}`, () => readFileSync(path, 'utf8'));
  try {
    return documentShape(JSON.parse(text), '');
  } catch (error) {
    const problem = error instanceof ShapeError ? error.message : 'it is no JSON';
    throw new SalverError('E_CONFIG_INVALID', `${path}: ${problem}`, {
      cause: error,
      hint: 'it may hold "threshold" (a number) and "requireExpiry" (true or false)',
    });
  }
}
