const STEPS = [
  [365 * 86_400_000, 'y'],
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** How long ago, in one unit: `3d`, `14h`, `20min`. */
export function formatAge(milliseconds: number): string {
  for (const [length, unit] of STEPS) {
    if (milliseconds >= length) return `${Math.floor(milliseconds / length)}${unit}`;
  }
  return '0s';
}
