/** Most changed letters that still count as a slip of the keyboard, for a word of this length. */
function distanceMax(word: string): number {
  return Math.max(1, Math.floor(word.length / 3));
}

/** The known name that `word` was probably meant to be, or undefined. */
export function nearestName(word: string, known: readonly string[]): string | undefined {
  const rated = known.map((name) => ({ name, distance: editDistance(word, name) }));
  rated.sort((a, b) => a.distance - b.distance);
  const best = rated[0];
  return best !== undefined && best.distance <= distanceMax(word) ? best.name : undefined;
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) best = Math.min(best, (older[j - 2] ?? 0) + 1);
      next.push(best);
    }
    older = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
