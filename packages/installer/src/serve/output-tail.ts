// What an app prints, passed on as it comes, with its end kept for the message of a failed start.
import type { Readable } from 'node:stream';

const TAIL_BYTES_MAX = 8 * 1024;
const LINE_BYTES_MAX = 64 * 1024;
const NEWLINE = 0x0a;

/** Takes what goes to the log. */
export type LogSink = (bytes: Buffer) => void;

/** The last few kilobytes of all streams together. */
export class OutputTail {
  #tail = Buffer.alloc(0);

  get text(): string {
    return this.#tail.toString('utf8');
  }

  /** Reads a stream to its end. With a prefix, whole lines are passed on, each with the prefix before it. */
  follow(stream: Readable, sink: LogSink, prefix: string | undefined): void {
    const pass = prefix === undefined ? { write: sink, end: (): void => undefined } : prefixed(sink, prefix);
    stream.on('data', (bytes: Buffer) => {
      this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-TAIL_BYTES_MAX);
      pass.write(bytes);
    });
    stream.once('end', () => pass.end());
    // A pipe that breaks has nothing more to say.
    stream.once('error', () => undefined);
  }
}

function prefixed(sink: LogSink, prefix: string): { write(bytes: Buffer): void; end(): void } {
  const start = Buffer.from(prefix);
  let rest = Buffer.alloc(0);
  const line = (bytes: Buffer): void => sink(Buffer.concat([start, bytes]));
  return {
    write: (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        line(rest.subarray(0, end + 1));
        rest = rest.subarray(end + 1);
      }
      if (rest.length < LINE_BYTES_MAX) return;
      line(Buffer.concat([rest, Buffer.from('\n')]));
      rest = Buffer.alloc(0);
    },
    end: () => {
      if (rest.length > 0) line(Buffer.concat([rest, Buffer.from('\n')]));
      rest = Buffer.alloc(0);
    },
  };
}
