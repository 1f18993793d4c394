// What every refusal must look like from outside: its own code and exit status, a hint, and nothing changed.
import assert from 'node:assert/strict';
import { EXIT_CODE_BY_ERROR } from '@salver/core';
import type { ErrorCode } from '@salver/core';
import type { ProgramResult } from './product-harness.js';

/** What an artifact with damaged bytes may be refused with. */
export const DAMAGE_CODES: ReadonlySet<string> = new Set([
  'E_ARTIFACT_DAMAGED',
  'E_ARTIFACT_TRUNCATED',
  'E_ARTIFACT_HOSTILE',
  'E_DIGEST_MISMATCH',
  'E_FORMAT_UNKNOWN',
  'E_MANIFEST_INVALID',
]);

/** A failure as `--json` prints it on stderr. */
export interface PrintedError {
  readonly schemaVersion: number;
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string | null;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Asserts that a command run with --json failed with `code`, its exit status and a hint. Returns the error. */
export function assertRefused(result: ProgramResult, code: ErrorCode): PrintedError {
  const error = printedError(result);
  assert.equal(error.code, code, `${error.code}: ${error.message}`);
  assert.equal(error.exitCode, EXIT_CODE_BY_ERROR[code]);
  assert.equal(result.status, EXIT_CODE_BY_ERROR[code]);
  assert.equal(result.stdout, '', 'a failure prints nothing on stdout');
  assert.ok(typeof error.hint === 'string' && error.hint !== '', `${code} has no hint: ${error.message}`);
  return error;
}

/** The JSON object a failed command printed on stderr, behind whatever progress said. */
export function printedError(result: ProgramResult): PrintedError {
  const line = result.stderr
    .trimEnd()
    .split('\n')
    .findLast((text) => text.startsWith('{'));
  assert.ok(line !== undefined, `no JSON error; exit ${result.status}: ${result.stderr}`);
  return JSON.parse(line) as PrintedError;
}
