// Are enough of the trusted signers behind these bytes? Each way of failing has an error of its own.
import { SalverError } from '@salver/core';
import type {
  ErrorCode,
  RejectedSignature,
  SignatureNamespace,
  SignatureVerifier,
  VerifiedSignatures,
} from '@salver/core';
import type { TrustSettings } from './trust-settings.js';

export interface SignatureQuestion {
  /** For messages: `release 1.4.2-4f2a91c07b3e`. */
  readonly what: string;
  readonly content: Buffer;
  readonly signatures: readonly string[];
  readonly namespace: SignatureNamespace;
  readonly at: Date;
  /** What the operator can do about missing signatures. */
  readonly hint: string;
}

/**
 * Returns who has signed. Throws E_SIGNATURE_MISSING, E_SIGNATURE_INVALID, E_SIGNER_UNKNOWN, E_SIGNER_REVOKED,
 * E_SIGNATURES_TOO_FEW, E_TOOL_MISSING, E_CONFIG_INVALID.
 */
export async function checkSignatures(
  question: SignatureQuestion,
  trust: TrustSettings,
  verifier: SignatureVerifier,
): Promise<readonly string[]> {
  const { what, hint } = question;
  if (question.signatures.length === 0) {
    throw new SalverError('E_SIGNATURE_MISSING', `${what} is not signed, and this root has trusted signers`, {
      hint,
    });
  }
  const { allowedSigners, revokedKeys } = trust;
  const verified = await verifier.verify({ ...question, allowedSigners, revokedKeys });
  // Two keys of one person are one signer.
  const principals = [...new Set(verified.signers.map(({ principal }) => principal))].sort();
  if (principals.length >= trust.threshold) return principals;
  if (principals.length === 0) throw refused(what, verified, hint);
  throw new SalverError(
    'E_SIGNATURES_TOO_FEW',
    `${what} is signed by ${principals.join(', ')}; this root asks for ${trust.threshold} signers`,
    { hint, facts: { signers: principals, threshold: trust.threshold } },
  );
}

/** The worst news first: a revoked key is more than a stranger. */
const REFUSALS: readonly (readonly [RejectedSignature['reason'], ErrorCode, string])[] = [
  ['revoked key', 'E_SIGNER_REVOKED', 'is signed with a revoked key'],
  ['wrong signature', 'E_SIGNATURE_INVALID', 'has a signature that does not fit it'],
  ['not for this', 'E_SIGNATURE_INVALID', 'is signed with a key that is not allowed for this'],
  [
    'unknown signer',
    'E_SIGNER_UNKNOWN',
    'is signed with a key that this root does not trust, or not at this time',
  ],
];

function refused(what: string, { rejected }: VerifiedSignatures, hint: string): SalverError {
  for (const [reason, code, words] of REFUSALS) {
    const found = rejected.find((one) => one.reason === reason);
    if (found === undefined) continue;
    const key = found.fingerprint === undefined ? '' : ` (${found.fingerprint})`;
    return new SalverError(code, `${what} ${words}${key}`, {
      hint:
        code === 'E_SIGNATURE_INVALID'
          ? 'it was changed after it was signed: look who did, and sign again'
          : hint,
      facts: { reason },
    });
  }
  return new SalverError('E_SIGNATURE_MISSING', `${what} has no signature that can be read`, { hint });
}
