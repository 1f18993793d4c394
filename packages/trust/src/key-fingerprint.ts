// Whose key a signature names (OpenSSH's PROTOCOL.sshsig). Only for messages and lists: it proves nothing.
import { createHash } from 'node:crypto';

const MAGIC = Buffer.from('SSHSIG');
const VERSION_BYTES = 4;

/** `SHA256:…` as ssh-keygen writes it, or undefined when the text is no SSH signature. */
export function keyFingerprint(armoured: string): string | undefined {
  const base64 = armoured.replace(/-----[A-Z ]+-----/g, '').replaceAll('\n', '');
  const blob = Buffer.from(base64, 'base64');
  const start = MAGIC.length + VERSION_BYTES;
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC) || blob.length < start + 4) return undefined;
  const length = blob.readUInt32BE(start);
  const key = blob.subarray(start + 4, start + 4 + length);
  if (key.length !== length || length === 0) return undefined;
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
