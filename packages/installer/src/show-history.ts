// The history as people ask for it: the last acts, or one of them with the output of its hooks.
import { readFileSync, readdirSync } from 'node:fs';
import { SalverError, printable } from '@salver/core';
import type { HistoryLine } from './history-lines.js';
import { hostPaths } from './host-paths.js';
import type { HostPaths } from './host-paths.js';
import { requireRoot } from './prepare-root.js';
import { readHistory, requireWholeHistory } from './verify-history.js';
import type { History } from './verify-history.js';

/** Output of one hook. */
export interface HookOutput {
  readonly hook: string;
  readonly output: string;
}

export interface ShownAct {
  readonly txid: string;
  readonly lines: readonly HistoryLine[];
  readonly hooks: readonly HookOutput[];
}

/** All acts. With `verify`, throws E_HISTORY_DAMAGED unless every line fits. Throws E_RELEASE_NOT_FOUND, E_FILE_SYSTEM. */
export function listHistory(root: string, options: { readonly verify: boolean }): History {
  const paths = hostPaths(root);
  requireRoot(paths);
  return options.verify ? requireWholeHistory(paths) : readHistory(paths);
}

/** One act, by its transaction or the beginning of it. Throws E_RELEASE_NOT_FOUND when there is none. */
export function showAct(root: string, reference: string): ShownAct {
  const paths = hostPaths(root);
  requireRoot(paths);
  const { lines } = readHistory(paths);
  const txids = [...new Set(lines.flatMap((line) => line.txid ?? []))];
  const txid =
    txids.find((one) => one === reference) ?? txids.filter((one) => one.startsWith(reference)).at(-1);
  if (txid === undefined) {
    throw new SalverError('E_RELEASE_NOT_FOUND', `no act "${printable(reference)}" is in the history`, {
      hint: 'see `salver-host history`',
    });
  }
  return { txid, lines: lines.filter((line) => line.txid === txid), hooks: hookOutputs(paths, txid) };
}

function hookOutputs(paths: HostPaths, txid: string): readonly HookOutput[] {
  // The history is a file that others may have written: its words are not trusted as paths.
  if (!/^[0-9]+-[0-9a-z]+$/.test(txid)) return [];
  const directory = `${paths.hooks}/${txid}`;
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .map((name) => ({
        hook: name.slice(0, -'.log'.length),
        output: readFileSync(`${directory}/${name}`, 'utf8'),
      }));
  } catch {
    return [];
  }
}
