// A second thread that creates files. Unpacking many small files is bound by their creation, which is work of the
// kernel; with a thread of its own the main one inflates, checks and parses the next members meanwhile. The main
// thread keeps every decision: this one gets checked paths, creates exclusively, and reports times and inodes.
import { constants } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** A file of a member: its path on disk, whether it is executable, and which bytes of the member it is. */
export type BatchFile = readonly [path: string, mode: number, start: number, length: number];

/** mtime in milliseconds and inode of each file of a batch, in turn. */
export type FileStamps = Float64Array;

/** Flags of a file that is created: exclusively, and never through a link. */
export const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

interface Batch {
  readonly bytes: ArrayBuffer;
  readonly files: readonly BatchFile[];
  readonly flags: number;
}

type Reply = { readonly stamps: FileStamps } | { readonly failure: { message: string; code: unknown } };

/** Bytes on their way to the thread; beyond them the walk waits. */
const OUTSTANDING_BYTES_MAX = 4 * 1024 * 1024;

/** The thread makes little garbage; V8's default would keep 16 MB for it. */
const YOUNG_GENERATION_MB = 2;

interface Outstanding {
  readonly sizeBytes: number;
  readonly onDone: (stamps: FileStamps) => void;
}

export class FileThread {
  readonly #worker: Worker;
  readonly #outstanding: Outstanding[] = [];
  #outstandingBytes = 0;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor() {
    // As text: the program is bundled to one file, and this thread needs nothing else of it.
    this.#worker = new Worker(`(${serveFiles.toString()})()`, {
      eval: true,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#fail(error));
  }

  /**
   * Hands over a member's files; `raw` must not be used afterwards. `onDone` is called in the order of the calls.
   */
  post(raw: Buffer, files: readonly BatchFile[], onDone: (stamps: FileStamps) => void): void {
    this.#outstanding.push({ sizeBytes: raw.length, onDone });
    this.#outstandingBytes += raw.length;
    const bytes = ownBytes(raw);
    const batch: Batch = { bytes, files, flags: CREATE_FLAGS };
    this.#worker.postMessage(batch, [bytes]);
  }

  /** A promise to wait for before more is posted, or undefined when there is room. Rejects with the system's error. */
  room(): Promise<void> | undefined {
    if (this.#failure === undefined && this.#outstandingBytes < OUTSTANDING_BYTES_MAX) return undefined;
    return this.#waitUntil(() => this.#outstandingBytes < OUTSTANDING_BYTES_MAX);
  }

  /** Waits until everything is written. Rejects with the system's error. */
  drain(): Promise<void> {
    return this.#waitUntil(() => this.#outstanding.length === 0);
  }

  /** Ends the thread, whatever it is doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #waitUntil(isReached: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isReached()) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #receive(reply: Reply): void {
    if ('failure' in reply) {
      this.#fail(Object.assign(new Error(reply.failure.message), { code: reply.failure.code }));
      return;
    }
    const done = this.#outstanding.shift();
    this.#outstandingBytes -= done?.sizeBytes ?? 0;
    done?.onDone(reply.stamps);
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }
}

/** zlib's result may lie in a buffer that is a little larger. */
const SLACK_BYTES = 64;

/** The bytes in a buffer that can be handed over. One out of Node's shared pool holds other data too: it is copied. */
function ownBytes(raw: Buffer): ArrayBuffer {
  const { buffer, byteOffset, length } = raw;
  const isOwn = byteOffset === 0 && buffer.byteLength <= length + SLACK_BYTES;
  return isOwn && buffer instanceof ArrayBuffer ? buffer : Uint8Array.from(raw).buffer;
}

/** What the thread runs. Its text is all the thread has: it may refer to nothing outside itself. */
function serveFiles(): void {
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const fs = process.getBuiltinModule('node:fs');
  parentPort?.on('message', ({ bytes, files, flags }: Batch) => {
    try {
      const stamps = new Float64Array(files.length * 2);
      files.forEach(([path, mode, start, length], index) => {
        const fd = fs.openSync(path, flags, mode);
        try {
          const data = new Uint8Array(bytes, start, length);
          for (let done = 0; done < length;) done += fs.writeSync(fd, data, done, length - done);
          const { mtimeMs, ino } = fs.fstatSync(fd);
          stamps[index * 2] = mtimeMs;
          stamps[index * 2 + 1] = ino;
        } finally {
          fs.closeSync(fd);
        }
      });
      // Back to the main thread, whose collections free it: here it would wait for one that never comes.
      parentPort.postMessage({ stamps, bytes }, [bytes]);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      parentPort.postMessage({ failure: { message, code } });
    }
  });
}
