// The list of releases for stores that cannot list. It is derived from what is there, and nothing is believed because it
// stands in it.
import { INDEX_BYTES_MAX, canonicalJson, indexKey, parseReleaseIndex } from '@salver/core';
import type { ReadOptions, ReleaseIndex, Store } from '@salver/core';
import { changeObject } from './change-object.js';

type IndexRow = ReleaseIndex['releases'][number];

/** Adds a release, the newest first. */
export async function addToIndex(
  store: Store,
  name: string,
  row: IndexRow,
  options: ReadOptions = {},
): Promise<void> {
  await changeIndex(store, name, options, (rows) =>
    rows.some(({ id, target }) => id === row.id && target === row.target) ? rows : [row, ...rows],
  );
}

/** Takes releases out. */
export async function removeFromIndex(
  store: Store,
  name: string,
  ids: ReadonlySet<string>,
  options: ReadOptions = {},
): Promise<void> {
  await changeIndex(store, name, options, (rows) => rows.filter(({ id }) => !ids.has(id)));
}

async function changeIndex(
  store: Store,
  name: string,
  options: ReadOptions,
  change: (rows: readonly IndexRow[]) => readonly IndexRow[],
): Promise<void> {
  await changeObject(store, indexKey(name), { ...options, bytesMax: INDEX_BYTES_MAX }, (bytes) => {
    const rows = change(bytes === undefined ? [] : parseReleaseIndex(bytes).releases);
    return bytes === undefined && rows.length === 0
      ? undefined
      : canonicalJson({ format: 1, releases: rows });
  });
}
