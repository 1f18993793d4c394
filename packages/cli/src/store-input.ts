// Which store a command of `salver` works on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@salver/builder';
import { SalverError, printable } from '@salver/core';
import type { Store } from '@salver/core';
import { openStore } from '@salver/stores';
import type { CommandContext } from './command.js';

const CONFIG_FILES = ['salver.json', 'package.json'];
/** The store of a project that has only one need not be named. */
const DEFAULT_NAME = 'main';

/**
 * Opens the store that was named, hands it over, closes it. Throws E_USAGE when none was, and what opening and `work`
 * throw.
 */
export async function withStore<T>(
  context: CommandContext,
  work: (store: Store) => Promise<T>,
  given = context.input.values.get('store'),
): Promise<T> {
  const store = await openNamedStore(context, given);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

export function openNamedStore(context: CommandContext, given: string | undefined): Promise<Store> {
  return openStore(storeText(context, given), context);
}

function storeText({ env, workingDir }: CommandContext, given: string | undefined): string {
  const named = given ?? (env['SALVER_STORE'] === '' ? undefined : env['SALVER_STORE']);
  if (named !== undefined && /[/:.]/.test(named)) return named;
  const stores = configuredStores(workingDir);
  if (named === undefined) {
    const only =
      stores[DEFAULT_NAME] ?? (Object.keys(stores).length === 1 ? Object.values(stores)[0] : undefined);
    if (only !== undefined) return only;
    throw new SalverError('E_USAGE', 'no store given', {
      hint: 'write --store DIR, https://… or s3://…, set SALVER_STORE, or name one in salver.json under "stores"',
    });
  }
  const known = stores[named];
  if (known !== undefined) return known;
  if (existsSync(join(workingDir, named))) return named;
  const names = Object.keys(stores);
  throw new SalverError(
    'E_USAGE',
    `"${printable(named)}" is neither a store in salver.json nor a directory`,
    {
      hint: names.length === 0 ? 'write the address of the store' : `salver.json has ${names.join(', ')}`,
    },
  );
}

function configuredStores(workingDir: string): Readonly<Record<string, string>> {
  if (!CONFIG_FILES.some((file) => existsSync(join(workingDir, file)))) return {};
  return loadConfig(workingDir).stores;
}
