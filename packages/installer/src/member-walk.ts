// Walks the members of an artifact in file order and keeps track of where their bytes lie. Unpacking and
// verifying are two visitors of this walk.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SalverError, decodeMember } from '@salver/core';
import type { ArtifactHead, ArtifactSource, LayoutRow, MemberRow, ProgressStep } from '@salver/core';

/** A member and how to get its bytes. */
export interface WalkedMember {
  readonly row: MemberRow;
  readonly storedBytes: number;
  /**
   * Reads the member from the artifact, checks it and returns its raw bytes. Throws E_ARTIFACT_TRUNCATED,
   * E_ARTIFACT_DAMAGED, E_DIGEST_MISMATCH.
   */
  read(): Buffer;
}

export interface MemberVisitor {
  /** Something to wait for before the next visit, where a visit only hands work on. */
  room?(): Promise<void> | undefined;
  beginUnit(): void;
  /** Handles members of the unit from `index` on; returns how many (at least one). */
  visit(members: readonly MemberRow[], index: number, first: WalkedMember): number;
  endUnit(): void;
}

export interface WalkOptions {
  readonly head: ArtifactHead;
  readonly source: ArtifactSource;
  readonly step: ProgressStep;
  readonly signal?: AbortSignal | undefined;
}

/** The work is synchronous; after this long it lets timers, signals and the progress display have a turn. */
const TURN_MS = 40;

/** Throws what the visitor throws, and E_INTERRUPTED when the signal aborts. */
export async function walkMembers(options: WalkOptions, visitor: MemberVisitor): Promise<void> {
  const { head, step } = options;
  const totalBytes = head.manifest.units
    .flatMap((unit) => unit.members)
    .reduce((sum, [rawBytes]) => sum + rawBytes, 0);
  const cursor = new LayoutCursor(head, options.source);
  let turnEnds = performance.now() + TURN_MS;
  for (const { members } of head.manifest.units) {
    visitor.beginUnit();
    for (let index = 0; index < members.length;) {
      const wait = visitor.room?.();
      if (wait !== undefined) await wait;
      const count = visitor.visit(members, index, cursor.member(members[index] as MemberRow));
      for (let taken = 0; taken < count; taken += 1) cursor.pass(members[index + taken] as MemberRow);
      index += count;
      if (performance.now() < turnEnds) continue;
      step.update(cursor.passedBytes, totalBytes);
      await nextTurn();
      if (options.signal?.aborted === true) throw new SalverError('E_INTERRUPTED', 'interrupted');
      turnEnds = performance.now() + TURN_MS;
    }
    visitor.endUnit();
  }
}

/** The place in the artifact that the walk has reached. */
class LayoutCursor {
  readonly #layout: readonly LayoutRow[];
  readonly #source: ArtifactSource;
  #offset: number;
  #position = 0;
  /** Raw bytes of the members behind the cursor. */
  passedBytes = 0;

  constructor(head: ArtifactHead, source: ArtifactSource) {
    this.#layout = head.layout.members;
    this.#source = source;
    this.#offset = head.headBytes;
  }

  member(row: MemberRow): WalkedMember {
    const layout = this.#layoutRow();
    const [storedBytes] = layout;
    const offset = this.#offset;
    const read = (): Buffer => decodeMember(this.#source.readSync(offset, storedBytes), { row, layout });
    return { row, storedBytes, read };
  }

  pass(row: MemberRow): void {
    this.#offset += this.#layoutRow()[0];
    this.#position += 1;
    this.passedBytes += row[0];
  }

  /** Core has checked that there is a row per member. */
  #layoutRow(): LayoutRow {
    const row = this.#layout[this.#position];
    if (row === undefined) throw new Error('the layout has too few rows');
    return row;
  }
}
