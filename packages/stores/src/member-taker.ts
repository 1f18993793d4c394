// Cuts the members that are wanted out of a stream of an artifact's bytes, and compares each with the layout's CRC, so
// that bytes of another range, another file or a broken proxy are noticed at once. The digests of the manifest decide
// later. What has come of a member stays when the stream is cut: the next one goes on there.
import { crc32 } from 'node:zlib';
import { SalverError } from '@salver/core';
import type { StoredMember } from '@salver/core';

/** What has come is not what the layout describes. */
export function isWrongBytes(error: unknown): boolean {
  return error instanceof SalverError && error.facts['wrongBytes'] === true;
}

export class MemberTaker {
  readonly #members: readonly StoredMember[];
  readonly #onMember: (member: StoredMember, stored: Buffer) => void;
  #index = 0;
  #pieces: Uint8Array[] = [];
  #got = 0;

  /** `members` are in file order and do not overlap. */
  constructor(members: readonly StoredMember[], onMember: (member: StoredMember, stored: Buffer) => void) {
    this.#members = members;
    this.#onMember = onMember;
  }

  /** Where in the file the next byte that is wanted lies; undefined when all have come. */
  get position(): number | undefined {
    const member = this.#members[this.#index];
    return member === undefined ? undefined : member.offset + this.#got;
  }

  /** Takes what is wanted of `bytes`, which lie at `offset` in the file. Throws E_ARTIFACT_DAMAGED. */
  take(offset: number, bytes: Uint8Array): void {
    let at = offset;
    let rest = bytes;
    for (let wanted = this.position; wanted !== undefined && rest.length > 0; wanted = this.position) {
      if (wanted < at) throw wrongBytes('the bytes do not follow on those before');
      const skipped = Math.min(wanted - at, rest.length);
      at += skipped;
      rest = rest.subarray(skipped);
      const taken = this.#takeSome(rest);
      at += taken;
      rest = rest.subarray(taken);
    }
  }

  #takeSome(bytes: Uint8Array): number {
    const member = this.#members[this.#index];
    if (member === undefined || bytes.length === 0) return 0;
    const piece = bytes.subarray(0, member.storedBytes - this.#got);
    this.#pieces.push(piece);
    this.#got += piece.length;
    if (this.#got === member.storedBytes) this.#finish(member);
    return piece.length;
  }

  #finish(member: StoredMember): void {
    const stored = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#got = 0;
    if (crc32(stored) !== member.crc32) throw wrongBytes('a member is not what the layout describes');
    this.#index += 1;
    this.#onMember(member, stored);
  }
}

/** Bytes that a proxy, a damaged disk or somebody has changed. */
export function wrongBytes(message: string): SalverError {
  return new SalverError('E_ARTIFACT_DAMAGED', message, {
    hint: 'the store or something before it sends wrong bytes; try another store',
    facts: { wrongBytes: true },
  });
}
