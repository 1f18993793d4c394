// The stores a host pulls from: mirrors of each other, in order.
import { existsSync, readFileSync } from 'node:fs';
import { SalverError, fileSystemError, isSalverError } from '@salver/core';
import type { ErrorCode, Store } from '@salver/core';
import { hostPaths } from '@salver/installer';
import { openStore } from '@salver/stores';
import type { CommandContext } from './command.js';

/** Their addresses: `--store`, else SALVER_STORE, else `config/stores` of the root. Throws E_USAGE. */
export function storeTexts({ input, env }: CommandContext, root: string): readonly string[] {
  const given = input.lists.get('store');
  if (given !== undefined) return given;
  const fromEnv = words(env['SALVER_STORE'] ?? '');
  if (fromEnv.length > 0) return fromEnv;
  const fromFile = readStoresFile(hostPaths(root).storesFile);
  if (fromFile.length > 0) return fromFile;
  throw new SalverError('E_USAGE', 'no store given', {
    hint: 'write --store DIR, https://… or s3://…, set SALVER_STORE, or write it into config/stores of the root',
  });
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** One address a line; `#` begins a comment at the start of a line. */
function readStoresFile(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw fileSystemError(error, `cannot read ${path}`);
  }
}

/** What another mirror may do better: a store that cannot be reached, or that gives wrong, old or unsigned things. */
const OF_STORE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_STORE_UNREACHABLE',
  'E_STORE_THROTTLED',
  'E_STORE_DENIED',
  'E_STORE_NOT_FOUND',
  'E_STORE_MISCONFIGURED',
  'E_OBJECT_CHANGED',
  'E_OBJECT_NOT_FOUND',
  'E_ARTIFACT_NOT_FOUND',
  'E_RELEASE_NOT_FOUND',
  'E_CHANNEL_INVALID',
  'E_CHANNEL_EXPIRED',
  'E_CHANNEL_REPLAYED',
  'E_RELEASE_MISMATCH',
  'E_SIGNATURE_MISSING',
  'E_SIGNATURE_INVALID',
  'E_SIGNER_UNKNOWN',
  'E_SIGNER_REVOKED',
  'E_SIGNATURES_TOO_FEW',
  'E_ARTIFACT_DAMAGED',
  'E_ARTIFACT_TRUNCATED',
  'E_ARTIFACT_HOSTILE',
  'E_DIGEST_MISMATCH',
  'E_MANIFEST_INVALID',
  'E_FILE_SYSTEM',
]);

/** Tries one store after the other. The last failure is thrown; those before it are warnings. */
export async function withFirstStore<T>(
  context: CommandContext,
  texts: readonly string[],
  work: (store: Store) => Promise<T>,
): Promise<T> {
  for (const [index, text] of texts.entries()) {
    let store: Store | undefined;
    try {
      store = await openStore(text, context);
      return await work(store);
    } catch (error) {
      const isLast = index === texts.length - 1;
      if (isLast || !isSalverError(error) || !OF_STORE.has(error.code)) throw error;
      context.progress.warn(`${error.message} [${error.code}]; trying the next store`);
    } finally {
      store?.close();
    }
  }
  throw new TypeError('there is at least one store');
}
