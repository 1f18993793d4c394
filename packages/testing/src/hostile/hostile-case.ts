// What a hostile archive is: how to make it, and what a reader must answer.
import type { ErrorCode } from '@salver/core';

/** A release on disk, without `.salver`: path -> `directory`, `file CONTENT`, `program CONTENT`, `link TARGET`. */
export type ExpectedTree = Readonly<Record<string, string>>;

export type Verdict = { readonly refused: ErrorCode } | { readonly accepted: ExpectedTree };

export interface HostileCase {
  /** A sentence: what the archive holds. */
  readonly name: string;
  readonly verdict: Verdict;
  readonly make: () => Buffer;
  /** Made to exhaust memory, time or disk: run in a process of its own, which is measured. */
  readonly isBomb?: boolean;
}

/** Cases of one class, as the table of docs/hostile-archives.md names it. */
export interface HostileClass {
  readonly name: string;
  readonly cases: readonly HostileCase[];
}

/** A case that must be refused. */
export function refuses(
  name: string,
  make: () => Buffer,
  code: ErrorCode = 'E_ARTIFACT_HOSTILE',
): HostileCase {
  return { name, verdict: { refused: code }, make };
}

/** A case that must become exactly this tree. */
export function accepts(name: string, tree: ExpectedTree, make: () => Buffer): HostileCase {
  return { name, verdict: { accepted: tree }, make };
}

/** A case that would exhaust a careless reader. */
export function bomb(name: string, make: () => Buffer, code: ErrorCode = 'E_ARTIFACT_HOSTILE'): HostileCase {
  return { ...refuses(name, make, code), isBomb: true };
}
