// Progress for logs: a line when a step begins, one when it ends, and one every ten seconds between.
import { printable } from '@salver/core';
import type { ProgressStep, ProgressUnit } from '@salver/core';
import { formatDuration } from '../format-amounts.js';
import { WarningList, amountText } from './progress-display.js';
import type { DisplayOptions, ProgressDisplay, StepState } from './progress-display.js';

/** How long a step may be silent, in milliseconds. */
const REPORT_INTERVAL_MS = 10_000;

export class PlainProgress implements ProgressDisplay {
  readonly #options: DisplayOptions;
  readonly #warnings = new WarningList();
  readonly #running = new Map<StepState, number>();
  readonly #timer: NodeJS.Timeout;
  #isOpen = true;

  constructor(options: DisplayOptions) {
    this.#options = options;
    // Steps that wait (for a compiler, for the network) do not call; the timer reports for them.
    this.#timer = setInterval(() => {
      for (const state of this.#running.keys()) this.#reportIfDue(state);
    }, REPORT_INTERVAL_MS / 2).unref();
  }

  get warnings(): readonly string[] {
    return this.#warnings.texts;
  }

  step(name: string, unit?: ProgressUnit): ProgressStep {
    const startedAt = this.#options.now();
    const state: StepState = { name, unit, startedAt, done: 0, total: undefined, detail: '' };
    this.#running.set(state, startedAt);
    this.#print(`${name} ...`);
    return {
      update: (done, total) => {
        state.done = done;
        state.total = total ?? state.total;
        this.#reportIfDue(state);
      },
      detail: (text) => {
        state.detail = printable(text);
        this.#reportIfDue(state);
      },
      end: (summary) => this.#end(state, summary),
    };
  }

  warn(text: string): void {
    const line = this.#warnings.add(text, this.#options.colour);
    if (line !== undefined) this.#options.output.write(line);
  }

  note(text: string): void {
    this.#print(printable(text));
  }

  close(): void {
    this.#isOpen = false;
    clearInterval(this.#timer);
  }

  #reportIfDue(state: StepState): void {
    const reportedAt = this.#running.get(state);
    const now = this.#options.now();
    if (reportedAt === undefined || now - reportedAt < REPORT_INTERVAL_MS) return;
    this.#running.set(state, now);
    const parts = [amountText(state), state.detail, formatDuration(now - state.startedAt)];
    this.#print(`${state.name} ... ${parts.filter((part) => part !== '').join(', ')}`);
  }

  #end(state: StepState, summary: string | undefined): void {
    if (!this.#running.delete(state)) return;
    const took = formatDuration(this.#options.now() - state.startedAt);
    // Without a summary the last amount says little: steps do not report every piece.
    this.#print(`${state.name}: ${summary === undefined ? '' : `${printable(summary)}, `}${took}`);
  }

  #print(line: string): void {
    if (this.#isOpen) this.#options.output.write(`${line}\n`);
  }
}
