// Which of a package's files is installed: the wheel that fits best, else the source distribution.
import { SalverError, printable } from '@salver/core';
import { parseWheelName } from './wheel-name.js';

/** The best file by its name, or undefined when none fits. `tags` are the interpreter's, best first. */
export function chooseFile<T extends { readonly fileName: string }>(
  files: readonly T[],
  tags: ReadonlyMap<string, number>,
): T | undefined {
  let best:
    | { readonly file: T; readonly rank: number; readonly build: readonly [] | readonly [number, string] }
    | undefined;
  for (const file of files) {
    const wheel = parseWheelName(file.fileName);
    if (wheel === undefined) continue;
    const rank = Math.min(...wheel.tags.map((tag) => tags.get(tag) ?? Infinity));
    if (rank === Infinity) continue;
    const isBetter =
      best === undefined ||
      rank < best.rank ||
      (rank === best.rank && compareBuilds(wheel.build, best.build) > 0);
    if (isBetter) best = { file, rank, build: wheel.build };
  }
  return best?.file ?? files.find(({ fileName }) => isSdist(fileName));
}

export function isWheel(fileName: string): boolean {
  return /\.whl$/i.test(fileName);
}

export function isSdist(fileName: string): boolean {
  return /\.(tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$/i.test(fileName);
}

/** The place of each tag. */
export function rankTags(tags: readonly string[]): ReadonlyMap<string, number> {
  return new Map(tags.map((tag, index) => [tag, index]));
}

/** E_PLATFORM_UNSUPPORTED: there are files, and none is for this target. */
export function noneFits(
  name: string,
  files: readonly { readonly fileName: string }[],
  interpreter: string,
): SalverError {
  const names = files.map(({ fileName }) => printable(fileName));
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return new SalverError(
    'E_PLATFORM_UNSUPPORTED',
    `no file of ${printable(name)} fits ${interpreter}: ${names.length === 0 ? 'there is none' : `there are ${shown}`}`,
    {
      hint: 'lock for this Python and platform, or choose another with "python" and "target" in salver.json',
      facts: { name, files: names.slice(0, 50) },
    },
  );
}

type Build = readonly [] | readonly [number, string];

function compareBuilds(a: Build, b: Build): number {
  if (a.length === 0 || b.length === 0) return a.length - b.length;
  return a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
}
