/**
 * Orders dotted decimal versions as the C library counts them: `2.4` is below `2.34`, a missing part counts as 0.
 * Both must be digits and dots; returns a negative number, 0 or a positive number.
 */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
