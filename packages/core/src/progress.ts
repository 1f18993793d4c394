// How long work tells what it is doing. Builder and installer call it; the CLI draws it.

/** A step that has begun. Amounts are absolute, not increments. */
export interface ProgressStep {
  /** How far the step is. `total` may be unknown. Cheap: may be called often. */
  update(done: number, total?: number): void;
  /** What is being worked on right now, e.g. `compiling bufferutil@4.0.9`. */
  detail(text: string): void;
  /** The step is over; `summary` is shown behind its name, e.g. `113 packages, 112 cached`. */
  end(summary?: string): void;
}

export type ProgressUnit = 'bytes' | 'packages' | 'files' | 'members';

export interface Progress {
  /** Begins a step, e.g. `fetching`. Steps do not nest; several may run side by side. */
  step(name: string, unit?: ProgressUnit): ProgressStep;
  /** Something the user must see but that does not stop the work. Shown once per text. */
  warn(text: string): void;
  /** A plain line of information. */
  note(text: string): void;
}

const SILENT_STEP: ProgressStep = {
  update: () => undefined,
  detail: () => undefined,
  end: () => undefined,
};

/** Progress that goes nowhere: for tests and for `--quiet`. */
export const SILENT_PROGRESS: Progress = {
  step: () => SILENT_STEP,
  warn: () => undefined,
  note: () => undefined,
};
