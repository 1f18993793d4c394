// What all ways of showing progress share.
import { printable } from '@salver/core';
import type { Progress, ProgressUnit } from '@salver/core';
import { formatBytes } from '../format-amounts.js';
import { style } from '../terminal.js';
import type { TextOutput } from '../terminal.js';

/** Progress that is shown somewhere and ends with the command. */
export interface ProgressDisplay extends Progress {
  /** Every warning so far, each text once: they are part of the `--json` result. */
  readonly warnings: readonly string[];
  /** Removes what is drawn and stops timers; later calls print nothing but warnings. */
  close(): void;
}

/** Where and how a display writes. */
export interface DisplayOptions {
  readonly output: TextOutput;
  readonly colour: boolean;
  /** Milliseconds from any fixed point, never going back. */
  readonly now: () => number;
  /** The terminal's encoding has the characters of bars and spinners. */
  readonly utf8: boolean;
}

/** A step and how far it is. */
export interface StepState {
  readonly name: string;
  readonly unit: ProgressUnit | undefined;
  readonly startedAt: number;
  done: number;
  total: number | undefined;
  detail: string;
}

/** `45/113 packages`, `1.2 MB of 62.8 MB`; empty while nothing is known. */
export function amountText({ unit, done, total }: StepState): string {
  if (unit === undefined || (done === 0 && total === undefined)) return '';
  if (unit === 'bytes') {
    return total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
  }
  return `${total === undefined ? done : `${done}/${total}`} ${unit}`;
}

/** Remembers which warnings were given, so that each is shown once. */
export class WarningList {
  readonly texts: string[] = [];

  /** The line to print, or undefined when this text was given before. */
  add(text: string, colour: boolean): string | undefined {
    const safe = printable(text);
    if (this.texts.includes(safe)) return undefined;
    this.texts.push(safe);
    return `${style('warning:', 'yellow', colour)} ${safe}\n`;
  }
}
