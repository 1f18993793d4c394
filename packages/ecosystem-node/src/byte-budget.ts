// Bounds work by the bytes it holds rather than by how many pieces there are: a thousand small packages
// may be in flight, or one large one.

interface Waiter {
  readonly bytes: number;
  readonly start: () => void;
}

/** A budget of bytes that are held at once. Waiters are served in order. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #countMax: number;
  #bytesHeld = 0;
  #holders = 0;
  readonly #waiters: Waiter[] = [];

  /** At most `bytesMax` bytes and `countMax` pieces of work at a time. */
  constructor(bytesMax: number, countMax: number) {
    this.#bytesMax = bytesMax;
    this.#countMax = countMax;
  }

  /** Runs `work` once `bytes` are free. More than the whole budget counts as the whole budget. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const held = Math.min(bytes, this.#bytesMax);
    if (this.#waiters.length > 0 || !this.#fits(held)) {
      await new Promise<void>((start) => this.#waiters.push({ bytes: held, start }));
    } else {
      this.#take(held);
    }
    try {
      return await work();
    } finally {
      this.#bytesHeld -= held;
      this.#holders -= 1;
      this.#startWaiters();
    }
  }

  #fits(bytes: number): boolean {
    return this.#holders < this.#countMax && this.#bytesHeld + bytes <= this.#bytesMax;
  }

  #take(bytes: number): void {
    this.#bytesHeld += bytes;
    this.#holders += 1;
  }

  #startWaiters(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiters[0]) {
      this.#waiters.shift();
      this.#take(next.bytes);
      next.start();
    }
  }
}
