// What an installed release consists of, kept beside it: which member of the artifact became which files. An
// update finds in it what need not be read again; `verify` what must be there.
//
// Text, one JSON value per line: facts of the release, the digests of its members in order, then the rows of
// each member. Lines are parsed when asked for: an update that needs one member of an old release does not
// pay for the rest.
import { readFileSync } from 'node:fs';
import { createSha256, errnoOf, sha256Hex } from '@salver/core';
import type { HostPaths } from './host-paths.js';
import { parseFacts, recordPath } from './release-facts.js';
import type { ReleaseFacts } from './release-facts.js';

/**
 * One thing on disk, paths as in the artifact:
 * `d` directory; `l` link and its target; `f` file, `x` executable file: size in bytes, mtime in milliseconds, inode;
 * `p` piece of a large file: offset and length in bytes. The row of a large file stands alone in the member of
 * its header; its pieces are the members that follow. Empty files have time and inode 0: they are made, not linked.
 */
export type RecordRow =
  | readonly [kind: 'd', path: string]
  | readonly [kind: 'l', path: string, target: string]
  | readonly [kind: 'f' | 'x', path: string, sizeBytes: number, mtimeMs: number, inode: number]
  | readonly [kind: 'p', path: string, offset: number, length: number];

export interface RecordedMember {
  readonly digest: string;
  /** The rows of the member as their line in a record. */
  readonly line: string;
}

/** The text of a record in pieces, so that a large one is never held twice. */
export function* recordPieces(facts: ReleaseFacts, members: readonly RecordedMember[]): Generator<string> {
  const digest = createSha256();
  let isFirst = true;
  for (const line of bodyLines(members)) {
    digest.update(Buffer.from(isFirst ? line : `\n${line}`));
    isFirst = false;
  }
  yield `${JSON.stringify({ ...facts, bodyDigest: digest.digestHex() })}\n`;
  for (const line of bodyLines(members)) yield `${line}\n`;
}

function* bodyLines(members: readonly RecordedMember[]): Generator<string> {
  yield JSON.stringify(members.map((member) => member.digest));
  for (const member of members) yield member.line;
}

/** A record in memory. */
export class ReleaseRecord {
  readonly facts: ReleaseFacts;
  readonly digests: readonly string[];
  readonly #lines: readonly string[];
  readonly #indexes = new Map<string, number>();

  constructor(facts: ReleaseFacts, digests: readonly string[], lines: readonly string[]) {
    this.facts = facts;
    this.digests = digests;
    this.#lines = lines;
    digests.forEach((digest, index) => {
      if (!this.#indexes.has(digest)) this.#indexes.set(digest, index);
    });
  }

  /** Index of the first member with this digest, or undefined. */
  indexOf(digest: string): number | undefined {
    return this.#indexes.get(digest);
  }

  rows(index: number): readonly RecordRow[] {
    return parseRows(this.line(index));
  }

  /** The rows as text: a member that is linked has the same line in the next release's record. */
  line(index: number): string {
    return this.#lines[index] ?? '[]';
  }
}

export function formatRows(rows: readonly RecordRow[]): string {
  return JSON.stringify(rows);
}

export function parseRows(line: string): readonly RecordRow[] {
  return JSON.parse(line) as RecordRow[];
}

/** The record of a release, or undefined when there is none or it is damaged: nothing is then taken from it. */
export function readRecord(paths: HostPaths, release: string): ReleaseRecord | undefined {
  const text = readIfThere(recordPath(paths, release));
  if (text === undefined) return undefined;
  try {
    return parseRecord(text);
  } catch {
    return undefined;
  }
}

function parseRecord(text: string): ReleaseRecord | undefined {
  const firstEnd = text.indexOf('\n');
  const facts = parseFacts(text.slice(0, firstEnd));
  const body = text.slice(firstEnd + 1, -1);
  if (facts === undefined || facts.bodyDigest !== sha256Hex(body)) return undefined;
  const [digestLine = '', ...lines] = body.split('\n');
  return new ReleaseRecord(facts, JSON.parse(digestLine) as string[], lines);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
