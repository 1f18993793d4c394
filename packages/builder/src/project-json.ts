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
  const position = positionOf(reason, json);
  // Some versions of Node quote the place instead of counting to it.
  const where = position === undefined ? printable(reason) : placeOf(json, position);
  return new SalverError('E_CONFIG_INVALID', `${name} is not JSON: ${where}`, {
    hint: 'look for a missing or extra comma, quote or bracket there; comments go into keys named "//"',
    facts: { file: name },
  });
}

function positionOf(reason: string, json: string): number | undefined {
  if (/end of JSON input/.test(reason)) return json.length;
  const position = /position (\d+)/.exec(reason)?.[1];
  return position === undefined ? undefined : Number(position);
}

function placeOf(json: string, position: number): string {
  const before = json.slice(0, position).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
