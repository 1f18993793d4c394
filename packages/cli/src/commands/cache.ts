import { openBuildCache } from '@salver/builder';
import type { CacheEntry, CacheKind, OpenedCache } from '@salver/builder';
import { SalverError } from '@salver/core';
import type { CommandContext, CommandResult } from '../command.js';
import { inputPath, requiredArgument } from '../command-input.js';
import { formatBytes, formatCount } from '../format-amounts.js';
import { parseDuration, parseSize } from '../parse-amounts.js';
import { renderTable } from '../table.js';

/** `salver cache ls|prune|verify`. */
export function run(context: CommandContext): Promise<CommandResult> {
  const { input, env, progress, signal } = context;
  const directory = input.values.get('cache');
  const cache = openBuildCache({
    env,
    progress,
    signal,
    ...(directory === undefined ? {} : { directory: inputPath(context, directory) }),
  });
  switch (requiredArgument(input, 'ACTION')) {
    case 'prune':
      return Promise.resolve(prune(context, cache));
    case 'verify':
      return Promise.resolve(verify(cache));
    default:
      return Promise.resolve(list(cache));
  }
}

function list(cache: OpenedCache): CommandResult {
  const { directory, sizeBytes, entries } = cache.list();
  const kinds = summarizeKinds(entries);
  const columns = [
    { title: 'KIND' },
    { title: 'ENTRIES', align: 'right' as const },
    { title: 'SIZE', align: 'right' as const },
  ];
  const rows = kinds.map(({ kind, entries: count, sizeBytes: bytes }) => [
    kind,
    String(count),
    formatBytes(bytes),
  ]);
  return {
    json: { directory, sizeBytes, entries: entries.length, kinds },
    text: [...renderTable(columns, rows), '', `${formatBytes(sizeBytes)} in ${directory}`].join('\n'),
  };
}

interface KindSummary {
  readonly kind: CacheKind;
  readonly entries: number;
  readonly sizeBytes: number;
}

function summarizeKinds(entries: readonly CacheEntry[]): readonly KindSummary[] {
  return [...new Set(entries.map(({ kind }) => kind))].sort().map((kind) => {
    const ofKind = entries.filter((entry) => entry.kind === kind);
    return {
      kind,
      entries: ofKind.length,
      sizeBytes: ofKind.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    };
  });
}

function prune({ input }: CommandContext, cache: OpenedCache): CommandResult {
  const unused = input.values.get('unused');
  const maxSize = input.values.get('max-size');
  const dryRun = input.flags.has('dry-run');
  if (unused === undefined && maxSize === undefined) {
    throw new SalverError('E_USAGE', 'pruning needs an age or a size', {
      hint: 'write --unused 30d, --max-size 5GB or both',
    });
  }
  const { removed, freedBytes, leftBytes } = cache.prune({
    dryRun,
    ...(unused === undefined ? {} : { unusedMs: parseDuration(unused, 'unused') }),
    ...(maxSize === undefined ? {} : { sizeBytesMax: parseSize(maxSize, 'max-size') }),
  });
  const amount = `${formatCount(removed.length, 'entry', 'entries')}, ${formatBytes(freedBytes)}`;
  return {
    json: { dryRun, removed: removed.length, freedBytes, leftBytes },
    text: `${dryRun ? 'would remove' : 'removed'} ${amount}; ${formatBytes(leftBytes)} left`,
  };
}

/** Damaged entries are gone afterwards, so the cache is sound again: still worth a status of its own. */
function verify(cache: OpenedCache): CommandResult {
  const { checked, sizeBytes, damaged } = cache.verify();
  if (damaged.length > 0) {
    throw new SalverError(
      'E_CACHE_DAMAGED',
      `${formatCount(damaged.length, 'damaged entry', 'damaged entries')} removed`,
      {
        hint: 'nothing else to do: builds fetch or make them again; check the disk if it happens often',
        facts: { checked, damaged },
      },
    );
  }
  return {
    json: { ok: true, checked, sizeBytes },
    text: `${formatCount(checked, 'entry', 'entries')}, ${formatBytes(sizeBytes)}: all intact`,
  };
}
