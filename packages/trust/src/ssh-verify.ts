// Checking signatures with `ssh-keygen -Y`: who of those in allowed_signers has signed, for this purpose, with a key that
// is valid at the given time and not revoked.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SalverError, printable } from '@salver/core';
import type {
  RejectedSignature,
  SignatureVerifier,
  Signer,
  VerifiedSignatures,
  VerifyRequest,
} from '@salver/core';
import { keyFingerprint } from './key-fingerprint.js';
import { runKeygen } from './ssh-keygen.js';

/** Every call starts a few processes for each signature. */
export function sshSignatureVerifier(): SignatureVerifier {
  return { verify };
}

async function verify(request: VerifyRequest): Promise<VerifiedSignatures> {
  const directory = await mkdtemp(join(tmpdir(), 'salver-signature-'));
  try {
    const signers: Signer[] = [];
    const rejected: RejectedSignature[] = [];
    for (const [index, signature] of request.signatures.entries()) {
      const file = join(directory, `${index}.sig`);
      await writeFile(file, signature, { mode: 0o600 });
      const found = await verifyOne(request, file);
      const fingerprint = keyFingerprint(signature);
      if ('reason' in found) rejected.push({ reason: found.reason, fingerprint });
      else signers.push({ principal: found.principal, fingerprint: fingerprint ?? '' });
    }
    return { signers, rejected };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Verdict = { readonly principal: string } | Pick<RejectedSignature, 'reason'>;

async function verifyOne(request: VerifyRequest, file: string): Promise<Verdict> {
  const { namespace, allowedSigners, revokedKeys, at } = request;
  const time = `-Overify-time=${sshTime(at)}`;
  const trusted = await runKeygen({
    args: ['-Y', 'find-principals', '-s', file, '-f', allowedSigners, time],
  });
  const principals = trusted.stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  if (!trusted.ok || principals.length === 0) return refuseUnknown(request, file, trusted.stderr);
  const check = (principal: string, revocation: readonly string[]): Promise<boolean> => {
    const args = ['-Y', 'verify', '-f', allowedSigners, '-I', principal, '-n', namespace, '-s', file, time];
    return runKeygen({ args: [...args, ...revocation], input: request.content }).then(({ ok }) => ok);
  };
  const revocation = revokedKeys === undefined ? [] : ['-r', revokedKeys];
  // One line may name several principals, and several lines one key.
  const names = principals.flatMap((line) => line.split(','));
  for (const principal of names) if (await check(principal, revocation)) return { principal };
  const [first = ''] = names;
  if (revokedKeys !== undefined && (await check(first, []))) return { reason: 'revoked key' };
  return { reason: (await fitsContent(request, file)) ? 'not for this' : 'wrong signature' };
}

/** The file of signers may be wrong, or the signer not in it. */
async function refuseUnknown(request: VerifyRequest, file: string, stderr: string): Promise<Verdict> {
  const { allowedSigners } = request;
  if (/Could(n't| not) open|Permission denied|No such file/i.test(stderr)) {
    throw new SalverError(
      'E_CONFIG_INVALID',
      `cannot read the allowed signers in ${printable(allowedSigners)}`,
      {
        hint: 'check that the file exists and may be read',
      },
    );
  }
  return { reason: (await fitsContent(request, file)) ? 'unknown signer' : 'wrong signature' };
}

/** A sound signature over this content in its own namespace, whoever made it? */
async function fitsContent({ namespace, content }: VerifyRequest, file: string): Promise<boolean> {
  return (await runKeygen({ args: ['-Y', 'check-novalidate', '-n', namespace, '-s', file], input: content }))
    .ok;
}

/** `20261125161500`: UTC, which TZ of the child says. */
function sshTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace(/[-:T]/g, '');
}
