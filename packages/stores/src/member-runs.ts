// Which requests bring the members that are wanted: neighbours become one, small gaps are fetched too, because a request
// costs more than they do, and beyond a share of the file it is taken in one piece (notes/format.md section 8).
import type { StoredMember } from '@salver/core';

/** Members that one request brings, in file order; what lies between them is thrown away. */
export interface MemberRun {
  readonly members: readonly StoredMember[];
  readonly offset: number;
  readonly length: number;
}

const GAP_BYTES_MAX = 64 * 1024;
/** A longer run is cut, so that several can be on their way. */
const RUN_BYTES_MAX = 16 * 1024 * 1024;
const WHOLE_SHARE = 0.6;
const RUNS_MAX = 64;

/** `wanted` is in file order. `inOnePiece`: the server knows no ranges. */
export function planRuns(
  wanted: readonly StoredMember[],
  { sizeBytes, inOnePiece }: { readonly sizeBytes: number; readonly inOnePiece: boolean },
): readonly MemberRun[] {
  if (wanted.length === 0) return [];
  if (inOnePiece) return [runOf(wanted)];
  const runs = group(wanted, GAP_BYTES_MAX);
  const bytes = runs.reduce((sum, { length }) => sum + length, 0);
  return bytes > sizeBytes * WHOLE_SHARE || runs.length > RUNS_MAX ? group(wanted, Infinity) : runs;
}

function group(wanted: readonly StoredMember[], gapMax: number): readonly MemberRun[] {
  const groups: StoredMember[][] = [];
  let start = 0;
  let end = -Infinity;
  for (const member of wanted) {
    const memberEnd = member.offset + member.storedBytes;
    const last = groups.at(-1);
    if (last !== undefined && member.offset - end <= gapMax && memberEnd - start <= RUN_BYTES_MAX) {
      last.push(member);
    } else {
      groups.push([member]);
      start = member.offset;
    }
    end = memberEnd;
  }
  return groups.map(runOf);
}

function runOf(members: readonly StoredMember[]): MemberRun {
  const [first, last] = [members[0], members.at(-1)];
  if (first === undefined || last === undefined) throw new TypeError('a run has members');
  return { members, offset: first.offset, length: last.offset + last.storedBytes - first.offset };
}
