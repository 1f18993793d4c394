// Which of many points a short run takes.
import type { CallPoint } from './trace.js';

/** What is touched between the journal and the end of an act: the switch and everything around it. */
const COMMIT_WINDOW = /journal|salver-link|\/current"|\/previous"/;

/** `windowMax` points of the commit window and `otherMax` of the rest, evenly spread over the run. */
export function commitWindowAndSome(
  points: readonly CallPoint[],
  { windowMax, otherMax }: { readonly windowMax: number; readonly otherMax: number },
): readonly CallPoint[] {
  const isInWindow = ({ text }: CallPoint): boolean => COMMIT_WINDOW.test(text);
  const others = points.filter((point) => !isInWindow(point));
  return [...spread(points.filter(isInWindow), windowMax), ...spread(others, otherMax)];
}

/** At most `max` of the items, evenly spread. */
export function spread<Item>(items: readonly Item[], max: number): readonly Item[] {
  const step = Math.max(1, items.length / max);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
