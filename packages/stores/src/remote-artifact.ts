// An artifact in a store, as something that can be installed from: its head is read at once, members when they are asked
// for, each request for one range. A download that is cut goes on where it was.
import { join } from 'node:path';
import { HEAD_FIRST_READ_BYTES, NotBroughtError, SalverError, printable, workOnAll } from '@salver/core';
import type {
  ArtifactSource,
  BringOptions,
  Brought,
  ProgressStep,
  RangeBody,
  Store,
  StoredMember,
} from '@salver/core';
import { wrongSize } from './artifact-file.js';
import { HeadTaker } from './head-taker.js';
import { planRuns } from './member-runs.js';
import type { MemberRun } from './member-runs.js';
import { MemberTaker, isWrongBytes } from './member-taker.js';
import { PartFile } from './part-file.js';
import { readSignatureObject, signatureKeyBeside } from './signature-object.js';
import { RETRY_POLICY, isPassing, waitToRetry } from './retry.js';
import type { RetryPolicy } from './retry.js';

export interface RemoteArtifactOptions {
  readonly store: Store;
  readonly key: string;
  /** Directory where downloads lie until they are not needed any more. */
  readonly downloads: string;
  /** What a signed document says of its size: another one is refused before more is read. */
  readonly sizeBytes?: number | undefined;
  readonly policy?: RetryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests on their way at a time. */
const RUNS_AT_A_TIME = 4;
/** A member that came wrong so often from one store will not come right. */
const WRONG_MAX = 2;

/**
 * Reads the head. Throws what the store throws, E_ARTIFACT_NOT_FOUND, E_ARTIFACT_DAMAGED, E_FORMAT_UNKNOWN and
 * E_RELEASE_MISMATCH for another size than was stated.
 */
export async function openRemoteArtifact(options: RemoteArtifactOptions): Promise<ArtifactSource> {
  const artifact = new RemoteArtifact(options);
  await artifact.readHead();
  return artifact;
}

class RemoteArtifact implements ArtifactSource {
  readonly description: string;
  readonly #options: RemoteArtifactOptions;
  readonly #policy: RetryPolicy;
  #start: Buffer = Buffer.alloc(0);
  #sizeBytes = 0;
  #tag: string | undefined;
  #knowsRanges = true;
  #part: PartFile | undefined;
  #bytes = 0;
  #requests = 0;

  constructor(options: RemoteArtifactOptions) {
    this.#options = options;
    this.#policy = options.policy ?? RETRY_POLICY;
    this.description = printable(`${options.store.description}/${options.key}`);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Throws E_ARTIFACT_DAMAGED when what comes is no head twice. */
  async readHead(): Promise<void> {
    for (let wrong = 1; ; wrong += 1) {
      const start = new HeadTaker();
      try {
        await this.#readStart(start);
        this.#start = start.bytes();
        this.#part ??= new PartFile(this.#partPath(), this.#start.subarray(0, start.headBytes));
        return;
      } catch (error) {
        if (!isWrongBytes(error) || wrong >= WRONG_MAX) throw error;
      }
    }
  }

  readSync(offset: number, length: number): Buffer {
    if (offset + length <= this.#start.length) return this.#start.subarray(offset, offset + length);
    const bytes = this.#part?.read(offset, length);
    if (bytes === undefined) throw new NotBroughtError(`bytes from ${offset} on were not brought`);
    return bytes;
  }

  async bring(members: readonly StoredMember[], { progress, signal }: BringOptions): Promise<void> {
    const part = this.#part;
    if (part === undefined) throw new TypeError('the head was not read');
    part.open(members);
    const wanted = members.filter((member) => !this.#isHere(member, part));
    if (wanted.length === 0) return;
    const step = progress.step('fetching', 'bytes');
    try {
      await this.#fetch(wanted, { part, step, signal });
    } finally {
      part.save();
      step.end();
    }
  }

  wouldMove(members: readonly StoredMember[]): Brought {
    const runs = this.#plan(
      members.filter((member) => member.offset + member.storedBytes > this.#start.length),
    );
    return { bytes: runs.reduce((sum, { length }) => sum + length, 0), requests: runs.length };
  }

  #plan(wanted: readonly StoredMember[]): readonly MemberRun[] {
    return planRuns(wanted, { sizeBytes: this.#sizeBytes, inOnePiece: !this.#knowsRanges });
  }

  async readSignatures(id: string): Promise<string | undefined> {
    const { store, key, signal } = this.#options;
    return readSignatureObject(store, signatureKeyBeside(key, id), { policy: this.#policy, signal });
  }

  /** What has moved so far, the head included. */
  get moved(): Brought {
    return { bytes: this.#bytes, requests: this.#requests };
  }

  close(): void {
    this.#part?.close();
  }

  #partPath(): string {
    return join(this.#options.downloads, `${this.#options.key.split('/').at(-1) ?? 'artifact'}.part`);
  }

  #isHere(member: StoredMember, part: PartFile): boolean {
    return member.offset + member.storedBytes <= this.#start.length || part.has(member);
  }

  async #fetch(wanted: readonly StoredMember[], work: FetchWork): Promise<void> {
    const total = wanted.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    let done = 0;
    const onMember = (member: StoredMember, stored: Buffer): void => {
      work.part.write(member, stored);
      done += stored.length;
      work.step.update(done, total);
    };
    // When one fails the others end as well; what they have brought stays.
    const stop = new AbortController();
    const signal = work.signal === undefined ? stop.signal : AbortSignal.any([work.signal, stop.signal]);
    const bringOne = (run: MemberRun): Promise<void> => this.#bringRun(run, onMember, signal);
    await workOnAll(this.#plan(wanted), RUNS_AT_A_TIME, bringOne, () => stop.abort());
  }

  async #bringRun(
    run: MemberRun,
    onMember: (member: StoredMember, stored: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const taker = new MemberTaker(run.members, onMember);
    const end = run.offset + run.length;
    let failures = 0;
    let wrong = 0;
    for (let from = taker.position; from !== undefined; from = taker.position) {
      try {
        await this.#stream(taker, { offset: from, length: end - from }, signal);
        if (taker.position === from) throw this.#unreachable('sent nothing');
        failures = 0;
      } catch (error) {
        if (isWrongBytes(error)) {
          wrong += 1;
          if (wrong >= WRONG_MAX) throw error;
        } else if (error instanceof SalverError && error.code === 'E_OBJECT_CHANGED') {
          await this.#openAgain();
        } else if (!isPassing(error)) throw error;
        failures = (taker.position ?? Infinity) > from ? 0 : failures + 1;
        if (failures > this.#policy.retriesMax) throw error;
        await waitToRetry(this.#policy, { failures, error, signal });
      }
    }
  }

  async #stream(
    taker: MemberTaker,
    range: { readonly offset: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<void> {
    const answer = await this.#ask(range, signal);
    let at = answer.offset;
    for await (const piece of answer.body) {
      this.#bytes += piece.length;
      taker.take(at, piece);
      at += piece.length;
      if (taker.position === undefined) return;
    }
  }

  #ask(
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<RangeBody> {
    const { store, key } = this.#options;
    this.#requests += 1;
    return store.readRange(key, { ...range, tag: this.#tag, signal });
  }

  /** The object was replaced. The same head means the same file: every member is compared anyway. */
  async #openAgain(): Promise<void> {
    const before = this.#start;
    this.#tag = undefined;
    await this.readHead();
    if (this.#start.equals(before)) return;
    throw new SalverError(
      'E_OBJECT_CHANGED',
      `${this.description} was replaced by another file while it was read`,
      {
        hint: 'run the command again; artifacts in a store must never be replaced',
      },
    );
  }

  /** What has come stays when the answer is cut. Sets size and tag. */
  async #readStart(start: HeadTaker): Promise<void> {
    const { signal } = this.#options;
    for (let failures = 0; !start.isWhole;) {
      const before = start.position;
      try {
        await this.#streamStart(start);
        if (start.position === before) throw this.#unreachable('sent nothing');
      } catch (error) {
        if (start.isWhole) break;
        if (!isPassing(error)) throw error;
        failures = start.position > before ? 0 : failures + 1;
        if (failures > this.#policy.retriesMax) throw error;
        await waitToRetry(this.#policy, { failures, error, signal });
      }
    }
    start.check();
  }

  async #streamStart(start: HeadTaker): Promise<void> {
    const { signal, sizeBytes } = this.#options;
    const length = Math.max(HEAD_FIRST_READ_BYTES, start.headBytes) - start.position;
    const answer = await this.#ask({ offset: start.position, length }, signal).catch(asArtifactNotFound);
    if (sizeBytes !== undefined && answer.sizeBytes !== sizeBytes) {
      throw wrongSize(this.description, { actual: answer.sizeBytes, expected: sizeBytes });
    }
    if (answer.length > length) this.#knowsRanges = false;
    this.#tag = answer.tag;
    this.#sizeBytes = answer.sizeBytes;
    let at = answer.offset;
    for await (const piece of answer.body) {
      this.#bytes += piece.length;
      start.take(at, piece);
      at += piece.length;
      if (start.headBytes > this.#sizeBytes) throw this.#tooShort();
      if (at >= start.wanted) return;
    }
    if (at >= this.#sizeBytes && !start.isWhole) throw this.#tooShort();
  }

  #unreachable(why: string): SalverError {
    return new SalverError('E_STORE_UNREACHABLE', `${this.description}: the answer ${why}`, {
      hint: 'try again; what was downloaded is kept',
    });
  }

  #tooShort(): SalverError {
    return new SalverError(
      'E_ARTIFACT_TRUNCATED',
      `${this.description} is cut off after ${this.#sizeBytes} bytes`,
      {
        hint: 'push the artifact again',
      },
    );
  }
}

interface FetchWork {
  readonly part: PartFile;
  readonly step: ProgressStep;
  readonly signal: AbortSignal | undefined;
}

function asArtifactNotFound(error: unknown): never {
  if (error instanceof SalverError && error.code === 'E_OBJECT_NOT_FOUND') {
    throw new SalverError('E_ARTIFACT_NOT_FOUND', error.message, {
      cause: error,
      hint: 'see `salver ls` for what is in the store',
    });
  }
  throw error;
}
