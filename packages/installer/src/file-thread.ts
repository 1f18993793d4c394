// A second thread that writes files. Unpacking many small files is bound by their creation, which is work of the
// kernel; with a thread of its own the main one inflates, checks and parses the next members meanwhile. The main
// thread keeps every decision: this one gets checked paths, creates exclusively, and reports times and inodes.
import { constants } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** A file of a member, or a piece of one. */
export interface BatchFile {
  /** Relative to the thread's directory. */
  readonly path: string;
  readonly mode: number;
  /** Which bytes of the member it is. */
  readonly data: Uint8Array;
  /** Where they begin in the file. 0 creates the file. */
  readonly position: number;
}

/** mtime in milliseconds and inode of each file of a batch, in turn. */
export type FileStamps = Float64Array;

/** Flags of a file that is created: exclusively, and never through a link. */
export const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Flags of a file that gets its next piece. */
const CONTINUE_FLAGS = constants.O_WRONLY | constants.O_NOFOLLOW;

/** Files of one member on their way: one string and one array cross much faster than an object for each file. */
interface Batch {
  readonly bytes: ArrayBuffer;
  /** Paths with a NUL between them. */
  readonly paths: string;
  /** Mode, start, length and position of each file in turn. */
  readonly numbers: Float64Array;
}

/** What the thread knows from the start. */
interface ThreadData {
  readonly directory: string;
  readonly createFlags: number;
  readonly continueFlags: number;
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

  /** All files lie below `directory`, an absolute path. */
  constructor(directory: string) {
    const workerData: ThreadData = {
      directory,
      createFlags: CREATE_FLAGS,
      continueFlags: CONTINUE_FLAGS,
    };
    // As text: the program is bundled to one file, and this thread needs nothing else of it.
    this.#worker = new Worker(`(${serveFiles.toString()})()`, {
      eval: true,
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.on('message', (reply: Reply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#fail(error));
  }

  /**
   * Hands over a member's files, whose data are views of `raw`; it must not be used afterwards. `onDone` is called in
   * the order of the calls.
   */
  post(raw: Buffer, files: readonly BatchFile[], onDone: (stamps: FileStamps) => void): void {
    this.#outstanding.push({ sizeBytes: raw.length, onDone });
    this.#outstandingBytes += raw.length;
    const numbers = new Float64Array(files.length * 4);
    files.forEach(({ mode, data, position }, index) => {
      numbers.set([mode, data.byteOffset - raw.byteOffset, data.length, position], index * 4);
    });
    const bytes = ownBytes(raw);
    const batch: Batch = { bytes, paths: files.map(({ path }) => path).join('\0'), numbers };
    this.#worker.postMessage(batch, [bytes, numbers.buffer]);
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
  const threads = process.getBuiltinModule('node:worker_threads');
  const fs = process.getBuiltinModule('node:fs');
  const { parentPort } = threads;
  const { directory, createFlags, continueFlags } = threads.workerData as ThreadData;
  parentPort?.on('message', ({ bytes, paths, numbers }: Batch) => {
    try {
      const stamps = new Float64Array(numbers.length / 2);
      paths.split('\0').forEach((path, index) => {
        const [mode = 0, start = 0, length = 0, position = 0] = numbers.subarray(index * 4, index * 4 + 4);
        const fd = fs.openSync(`${directory}/${path}`, position === 0 ? createFlags : continueFlags, mode);
        try {
          const data = new Uint8Array(bytes, start, length);
          for (let done = 0; done < length;)
            done += fs.writeSync(fd, data, done, length - done, position + done);
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
