// The object with the signatures over a release's manifest: it lies beside the artifact.
import { SIGNATURE_FILE_BYTES_MAX, signatureFileName } from '@salver/core';
import type { Store } from '@salver/core';
import { withRetries } from './retry.js';
import type { RetryPolicy } from './retry.js';

export function signatureKeyBeside(artifactKey: string, id: string): string {
  const directory = artifactKey.slice(0, artifactKey.lastIndexOf('/') + 1);
  return `${directory}${signatureFileName(id)}`;
}

/** Its text, or undefined when there is none. */
export async function readSignatureObject(
  store: Store,
  key: string,
  options: { readonly policy?: RetryPolicy; readonly signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
  const { signal } = options;
  const found = await withRetries(
    () => store.readSmall(key, { bytesMax: SIGNATURE_FILE_BYTES_MAX, signal }),
    options,
  );
  return typeof found === 'object' ? found.bytes.toString('utf8') : undefined;
}
