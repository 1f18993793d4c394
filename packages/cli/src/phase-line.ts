import { formatDuration } from './format-amounts.js';

/** Phases shorter than this are left out, in milliseconds: they are only noise. */
const SHOWN_FROM_MS = 1;

/** `time: fetch 1.2 s, pack 340 ms (1.6 s in all)`. */
export function phaseLine(phasesMs: Readonly<Record<string, number>>): string {
  const rows = Object.entries(phasesMs);
  const totalMs = rows.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  const shown = rows.filter(([, milliseconds]) => milliseconds >= SHOWN_FROM_MS);
  const phases = shown.map(([name, milliseconds]) => `${name} ${formatDuration(milliseconds)}`).join(', ');
  return `time: ${phases === '' ? '' : `${phases}, `}${formatDuration(totalMs)} in all`;
}
