// Chooses how progress is shown.
import { canRedraw, isUtf8, usesColour } from '../terminal.js';
import type { TextOutput } from '../terminal.js';
import { LiveProgress } from './live-progress.js';
import { PlainProgress } from './plain-progress.js';
import type { ProgressDisplay } from './progress-display.js';
import { QuietProgress } from './quiet-progress.js';

export interface ProgressChoice {
  readonly output: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Live on a terminal, plain lines elsewhere. With `--json` a log gets nothing, so that a failure's JSON is all
 * there is on stderr; the person at a terminal still sees what happens.
 */
export function createProgress({ output, env, json, quiet }: ProgressChoice): ProgressDisplay {
  const redraw = canRedraw(output, env);
  if (json && !redraw) return new QuietProgress();
  const options = {
    output,
    colour: usesColour(output, env),
    now: () => performance.now(),
    utf8: isUtf8(env),
  };
  if (quiet) return new QuietProgress(options);
  return redraw ? new LiveProgress(options) : new PlainProgress(options);
}
