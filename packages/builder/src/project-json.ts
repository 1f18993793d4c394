// Reading a project's JSON files with errors that say where they are broken.
import { readFileSync } from 'node:fs';
import { SalverError, errnoOf, fileSystemError, printable } from '@salver/core';

const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** A JSON file, parsed, or undefined when there is none. Throws E_CONFIG_INVALID, E_FILE_SYSTEM. */
export function readJsonFile(path: string, name: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileSystemError(error, `cannot read ${name}`);
  }
  if (text.length > FILE_BYTES_MAX) throw new SalverError('E_CONFIG_INVALID', `${name} is too large`);
  // Some editors put a byte order mark first; npm accepts it as well.
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw notJson(json, name, error);
  }
}

function notJson(json: string, name: string, error: unknown): SalverError {
  const reason = error instanceof Error ? error.message : '';
  const position = Number(/position (\d+)/.exec(reason)?.[1] ?? json.length);
  const before = json.slice(0, position).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return new SalverError('E_CONFIG_INVALID', `${name} is not JSON: line ${line}, column ${column}`, {
    hint: 'look for a missing or extra comma, quote or bracket there; comments go into keys named "//"',
    facts: { file: name, line, column, reason: printable(reason) },
  });
}
