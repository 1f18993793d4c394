// `--quiet`: nothing but warnings. `--json` away from a terminal: not even those; the result lists them.
import { SILENT_PROGRESS } from '@salver/core';
import type { ProgressStep } from '@salver/core';
import { WarningList } from './progress-display.js';
import type { DisplayOptions, ProgressDisplay } from './progress-display.js';

export class QuietProgress implements ProgressDisplay {
  readonly #options: DisplayOptions | undefined;
  readonly #warnings = new WarningList();

  /** Without options, warnings are only collected. */
  constructor(options?: DisplayOptions) {
    this.#options = options;
  }

  get warnings(): readonly string[] {
    return this.#warnings.texts;
  }

  step(name: string): ProgressStep {
    return SILENT_PROGRESS.step(name);
  }

  warn(text: string): void {
    const line = this.#warnings.add(text, this.#options?.colour ?? false);
    if (line !== undefined) this.#options?.output.write(line);
  }

  note(): void {
    // Quiet.
  }

  close(): void {
    // Nothing is drawn.
  }
}
