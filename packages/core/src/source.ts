// Where an artifact's bytes come from. `stores` has the implementations.
import type { Layout } from './manifest.js';
import type { Progress } from './progress.js';

/** Random access to one artifact file. */
export interface ArtifactSource {
  /** For messages: a path or URL without credentials. */
  readonly description: string;
  readonly sizeBytes: number;
  /**
   * Reads exactly `length` bytes at `offset` (both in bytes). Synchronous sources are wanted where
   * possible: unpacking with synchronous calls is measurably faster (notes/format.md section 6).
   * Throws E_ARTIFACT_TRUNCATED when the file ends early.
   */
  readSync(offset: number, length: number): Buffer;
  /**
   * Makes members readable: for sources that lie elsewhere, where {@link readSync} gives only what was brought (the head
   * always was). Absent: everything can be read at once.
   */
  bring?(members: readonly StoredMember[], options: BringOptions): Promise<void>;
  /** What {@link bring} would move for these members. */
  wouldMove?(members: readonly StoredMember[]): Brought;
  /** What has moved so far, for sources that bring. */
  readonly moved?: Brought;
  /** Signatures over the manifest of this release that lie beside the artifact: text of a `.sig` file, or undefined. */
  readSignatures?(id: string): Promise<string | undefined>;
  close(): void;
}

/** Where the compressed bytes of a member lie, as the layout says. */
export interface StoredMember {
  readonly offset: number;
  readonly storedBytes: number;
  readonly crc32: number;
}

export interface BringOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** What bringing members has moved. */
export interface Brought {
  /** Bytes that came over the network, unwanted ones too. */
  readonly bytes: number;
  readonly requests: number;
}

/** All content members of an artifact with their places, in file order. */
export function storedMembers(head: {
  readonly headBytes: number;
  readonly layout: Layout;
}): readonly StoredMember[] {
  let offset = head.headBytes;
  return head.layout.members.map(([storedBytes, crc32]) => {
    const member = { offset, storedBytes, crc32 };
    offset += storedBytes;
    return member;
  });
}

/** A member was read that was never brought: it was thought not to be needed. */
export class NotBroughtError extends Error {
  override readonly name = 'NotBroughtError';
}
