// Names under which finished units are kept in the cache. A key holds everything that decides the unit's bytes, so
// that finding it means nothing needs to be opened.
import { canonicalJson, sha256Hex } from '@salver/core';
import type { Interpreter } from './interpreter.js';

/** Raised whenever unpacking gives other bytes or facts than before. */
const UNPACK_FORMAT = 2;

/** Key of a wheel's unit. Bytecode depends on its magic number, the place on X.Y. */
export function wheelKey(
  integrity: string,
  { version, magic }: Pick<Interpreter, 'version' | 'magic'>,
  excluded: ReadonlySet<string>,
): string {
  return ['wheel', UNPACK_FORMAT, integrity, version, magic, listHash([...excluded].sort())].join(':');
}

/** Key of the unit of a wheel that is built here: known before it is built. */
export function builtWheelKey(
  buildKey: string,
  { version, magic }: Pick<Interpreter, 'version' | 'magic'>,
  excluded: ReadonlySet<string>,
): string {
  return ['wheel-built', UNPACK_FORMAT, buildKey, version, magic, listHash([...excluded].sort())].join(':');
}

/** Key of the unit that holds the directories of these. */
export function linksKey(version: string, directories: readonly string[]): string {
  return ['python-links', UNPACK_FORMAT, version, listHash(directories)].join(':');
}

/** Name of the note on which files of these units are in others as well. */
export function sharedFilesKey(unitKeys: readonly string[]): string {
  return ['python-shared', UNPACK_FORMAT, listHash(unitKeys)].join(':');
}

function listHash(texts: readonly string[]): string {
  return texts.length === 0 ? '' : sha256Hex(canonicalJson(texts)).slice(0, 32);
}
