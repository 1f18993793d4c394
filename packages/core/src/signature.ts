// Signatures as the rest sees them; `trust` makes and checks them with OpenSSH. What is signed is bound to its purpose
// by a namespace: a signature over one kind of document can never stand for another.

/** What a signature is for. */
export type SignatureNamespace = 'salver-release' | 'salver-channel' | 'salver-revocation';

/** A trusted signer whose signature fits. */
export interface Signer {
  /** As in allowed_signers, e.g. an address. */
  readonly principal: string;
  /** `SHA256:…` of the key. */
  readonly fingerprint: string;
}

/** Why a signature does not count. */
export interface RejectedSignature {
  readonly reason: 'unknown signer' | 'revoked key' | 'not for this' | 'wrong signature';
  /** `SHA256:…` of the key that the signature names; undefined when it cannot be read. */
  readonly fingerprint: string | undefined;
}

export interface VerifiedSignatures {
  readonly signers: readonly Signer[];
  readonly rejected: readonly RejectedSignature[];
}

export interface VerifyRequest {
  /** The bytes that were signed. */
  readonly content: Buffer;
  /** Armoured SSH signatures. */
  readonly signatures: readonly string[];
  readonly namespace: SignatureNamespace;
  /** The time at which keys must be valid. */
  readonly at: Date;
  /** Path of the allowed_signers file. */
  readonly allowedSigners: string;
  /** Path of a file of revoked keys, or a KRL. */
  readonly revokedKeys?: string | undefined;
}

export interface SignatureVerifier {
  /** Throws E_TOOL_MISSING where OpenSSH is missing or too old, and E_CONFIG_INVALID for a wrong allowed_signers. */
  verify(request: VerifyRequest): Promise<VerifiedSignatures>;
}

export interface SignatureMaker {
  /** An armoured SSH signature. Throws E_TOOL_MISSING, E_SIGNING_FAILED. */
  sign(content: Buffer, namespace: SignatureNamespace): Promise<string>;
}

const BLOCK = /-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]{1,16384}?\n-----END SSH SIGNATURE-----/g;
/** More signatures than this are not looked at: each costs two processes. */
const SIGNATURES_MAX = 16;
/** A file of signatures is not larger. */
export const SIGNATURE_FILE_BYTES_MAX = 256 * 1024;

/** The armoured blocks of a `.sig` file; everything else in it is ignored. */
export function splitSignatures(text: string): readonly string[] {
  return (text.replaceAll('\r\n', '\n').match(BLOCK) ?? [])
    .slice(0, SIGNATURES_MAX)
    .map((block) => `${block}\n`);
}
