// Work on many things side by side, but only so many at once.

/**
 * Works on all items, at most `inFlightMax` at a time. After the first failure nothing new begins,
 * `onFailure` is called, what is under way is waited for, and the failure is thrown.
 */
export async function workOnAll<T>(
  items: readonly T[],
  inFlightMax: number,
  work: (item: T) => Promise<void>,
  onFailure: () => void = () => undefined,
): Promise<void> {
  const failures: unknown[] = [];
  const waiting = items.values();
  const workOnNext = async (): Promise<void> => {
    for (const item of waiting) {
      if (failures.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        if (failures.push(error) === 1) onFailure();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, workOnNext));
  if (failures.length > 0) throw failures[0];
}
