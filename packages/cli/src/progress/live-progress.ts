// Progress on a terminal: finished steps scroll by, running ones are redrawn in place below them.
import { printable } from '@salver/core';
import type { ProgressStep, ProgressUnit } from '@salver/core';
import { formatDuration } from '../format-amounts.js';
import { style } from '../terminal.js';
import { padEnd, textWidth, truncate } from '../text-width.js';
import { WarningList, amountText } from './progress-display.js';
import type { DisplayOptions, ProgressDisplay, StepState } from './progress-display.js';

/** At most twelve drawings a second: more cost time and nobody sees them. */
const DRAW_INTERVAL_MS = 1000 / 12;
const STEPS_SHOWN_MAX = 8;
const NAME_COLUMNS = 12;
const BAR_COLUMNS = 20;
const COLUMNS_DEFAULT = 80;
/** A step's age is shown once it is this old, in milliseconds. */
const ELAPSED_SHOWN_FROM_MS = 1_000;

const SPINNER_UTF8 = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const SPINNER_ASCII = ['|', '/', '-', '\\'] as const;

/** Goes to the first column of the line `lines` above, and clears everything from there on. */
function eraseLines(lines: number): string {
  return lines === 0 ? '' : `\r\u001b[${lines}A\u001b[J`;
}

export class LiveProgress implements ProgressDisplay {
  readonly #options: DisplayOptions;
  readonly #warnings = new WarningList();
  readonly #running = new Set<StepState>();
  readonly #timer: NodeJS.Timeout;
  #drawnLines = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #frame = 0;
  #isOpen = true;

  constructor(options: DisplayOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#drawIfDue(), DRAW_INTERVAL_MS).unref();
  }

  get warnings(): readonly string[] {
    return this.#warnings.texts;
  }

  step(name: string, unit?: ProgressUnit): ProgressStep {
    const startedAt = this.#options.now();
    const state: StepState = { name, unit, startedAt, done: 0, total: undefined, detail: '' };
    this.#running.add(state);
    this.#drawIfDue();
    return {
      // Synchronous work keeps the timer from firing: the calls themselves keep the picture moving.
      update: (done, total) => {
        state.done = done;
        state.total = total ?? state.total;
        this.#drawIfDue();
      },
      detail: (text) => {
        state.detail = printable(text);
        this.#drawIfDue();
      },
      end: (summary) => this.#end(state, summary),
    };
  }

  warn(text: string): void {
    const line = this.#warnings.add(text, this.#options.colour);
    if (line !== undefined) this.#printAbove(line);
  }

  note(text: string): void {
    if (this.#isOpen) this.#printAbove(`${printable(text)}\n`);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#timer);
    this.#options.output.write(eraseLines(this.#drawnLines));
    this.#drawnLines = 0;
  }

  #end(state: StepState, summary: string | undefined): void {
    if (!this.#running.delete(state) || !this.#isOpen) return;
    const mark = style(this.#options.utf8 ? '✓' : '*', 'green', this.#options.colour);
    // Without a summary the last amount says little: steps do not report every piece.
    const said = printable(summary ?? '');
    const took = style(formatDuration(this.#options.now() - state.startedAt), 'dim', this.#options.colour);
    this.#printAbove(
      `${mark} ${padEnd(state.name, NAME_COLUMNS)} ${said === '' ? '' : `${said}  `}${took}\n`,
    );
  }

  /** Writes whole lines above the running steps and draws those again. */
  #printAbove(lines: string): void {
    this.#options.output.write(eraseLines(this.#drawnLines) + lines);
    this.#drawnLines = 0;
    this.#draw();
  }

  #drawIfDue(): void {
    if (this.#options.now() - this.#drawnAt >= DRAW_INTERVAL_MS) this.#draw();
  }

  #draw(): void {
    if (!this.#isOpen) return;
    this.#drawnAt = this.#options.now();
    this.#frame += 1;
    // The last column stays free: writing into it makes some terminals wrap, and the count of lines wrong.
    const columns = (this.#options.output.columns ?? COLUMNS_DEFAULT) - 1;
    const shown = [...this.#running].slice(0, STEPS_SHOWN_MAX);
    const lines = shown.map((state) => `${truncate(this.#line(state), columns)}\n`);
    this.#options.output.write(eraseLines(this.#drawnLines) + lines.join(''));
    this.#drawnLines = lines.length;
  }

  #line(state: StepState): string {
    const frames = this.#options.utf8 ? SPINNER_UTF8 : SPINNER_ASCII;
    const elapsed = this.#options.now() - state.startedAt;
    const parts = [
      `${frames[this.#frame % frames.length] ?? ''} ${padEnd(state.name, NAME_COLUMNS)}`,
      this.#bar(state),
      amountText(state),
      elapsed >= ELAPSED_SHOWN_FROM_MS ? formatDuration(elapsed) : '',
      state.detail,
    ];
    return parts.filter((part) => textWidth(part) > 0).join(' ');
  }

  #bar({ done, total }: StepState): string {
    if (total === undefined || total <= 0) return '';
    const full = Math.round(Math.min(1, done / total) * BAR_COLUMNS);
    const [filled, empty] = this.#options.utf8 ? ['█', '░'] : ['#', '.'];
    return filled.repeat(full) + empty.repeat(BAR_COLUMNS - full);
  }
}
