// How long each phase of a build took.

export class PhaseClock {
  readonly #elapsedMs = new Map<string, number>();

  /** Runs `work` and adds its time to the phase. */
  async time<T>(phase: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#elapsedMs.set(phase, (this.#elapsedMs.get(phase) ?? 0) + performance.now() - start);
    }
  }

  /** Whole milliseconds by phase, in the order in which phases began to end. */
  phasesMs(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#elapsedMs].map(([phase, ms]) => [phase, Math.round(ms)]));
  }
}
