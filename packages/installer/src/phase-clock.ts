// Measures the phases of an installation, for `phasesMs`.

/** Milliseconds per phase, in the order in which the phases ran. */
export type PhasesMs = Readonly<Record<string, number>>;

export class PhaseClock {
  readonly #phases: Record<string, number> = {};

  get phasesMs(): PhasesMs {
    return { ...this.#phases };
  }

  async measure<T>(phase: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      const elapsed = performance.now() - start;
      this.#phases[phase] = Math.round(((this.#phases[phase] ?? 0) + elapsed) * 10) / 10;
    }
  }
}
