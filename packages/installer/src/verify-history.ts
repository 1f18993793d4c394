// Is the history whole? Every line carries the sha256 of the one before, so a changed, moved or missing line shows.
// Lines missing at the end cannot show by themselves: `doctor` looks there for the act that the journal names.
import { readFileSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError, sha256Hex } from '@salver/core';
import { HISTORY_START } from './history.js';
import { parseLine } from './history-lines.js';
import type { HistoryLine } from './history-lines.js';
import type { HostPaths } from './host-paths.js';

export interface History {
  /** Whole lines, the oldest first. */
  readonly lines: readonly HistoryLine[];
  /** What is wrong, one line each. */
  readonly problems: readonly string[];
  /** Bytes behind the last whole line: a power cut. The next act cuts them off. */
  readonly tornBytes: number;
}

/** Reads all of it. Throws E_FILE_SYSTEM. */
export function readHistory(paths: HostPaths): History {
  const text = readText(paths.history);
  const end = text.lastIndexOf('\n') + 1;
  const lines: HistoryLine[] = [];
  const problems: string[] = [];
  let previous: string | undefined;
  for (const [index, raw] of text.slice(0, end).split('\n').slice(0, -1).entries()) {
    const line = parseLine(raw);
    const problem = lineProblem(line, index + 1, previous);
    if (problem !== undefined) problems.push(`line ${index + 1} ${problem}`);
    if (line !== undefined) lines.push(line);
    previous = raw;
  }
  return { lines, problems, tornBytes: Buffer.byteLength(text.slice(end)) };
}

/** Throws E_HISTORY_DAMAGED, naming the first line that is wrong. */
export function requireWholeHistory(paths: HostPaths): History {
  const history = readHistory(paths);
  const [first] = history.problems;
  if (first === undefined) return history;
  throw new SalverError('E_HISTORY_DAMAGED', `the history of ${paths.root} is not whole: ${first}`, {
    hint: 'compare it with a backup: somebody has changed it, or the disk has',
    facts: { problems: history.problems.slice(0, 20), path: paths.history },
  });
}

function lineProblem(
  line: HistoryLine | undefined,
  number: number,
  previous: string | undefined,
): string | undefined {
  if (line === undefined) return 'cannot be read';
  if (line.number !== number) return `has the number ${line.number}`;
  const expected = previous === undefined ? HISTORY_START : sha256Hex(previous);
  return line.prev === expected ? undefined : 'does not fit the line before it';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw fileSystemError(error, `cannot read ${path}`);
  }
}
