// Which blocks of our own code have run, from V8 itself. Taking it costs milliseconds: once per batch of inputs.
import { Session } from 'node:inspector';

interface TakenCoverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

const OWN_CODE = /\/packages\/(core|installer|builder)\/dist\//;

/** Counts blocks that were never seen before. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#call('Profiler.enable');
    this.#call('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** How many blocks ran for the first time since the last call. */
  takeNew(): number {
    const before = this.#seen.size;
    const { result } = this.#call('Profiler.takePreciseCoverage') as TakenCoverage;
    for (const { url, functions } of result) {
      if (!OWN_CODE.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) this.#seen.add(`${url}:${startOffset}:${endOffset}`);
        }
      }
    }
    return this.#seen.size - before;
  }

  stop(): void {
    this.#call('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Calls of a session on its own thread answer at once. */
  #call(method: string, params: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  }
}
