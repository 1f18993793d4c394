// Signatures of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body, so
// that a receiver can tell who sent it, that nothing was changed, and that it is not an old one sent again.
import { createHmac } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';

export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970, of this sending. */
  readonly timestamp: number;
  readonly body: string;
}

/** The headers that go with a message. Without a secret only id and time, against repetition. */
export function webhookHeaders(
  message: SignedMessage,
  secret: string | undefined,
): Readonly<Record<string, string>> {
  const { id, timestamp, body } = message;
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestamp) };
  if (secret === undefined) return headers;
  const digest = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${digest}` };
}

/** `whsec_` and base64, as the specification writes secrets, or any other text as it is. */
function keyOf(secret: string): Buffer {
  if (!secret.startsWith(SECRET_PREFIX)) return Buffer.from(secret, 'utf8');
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
}
