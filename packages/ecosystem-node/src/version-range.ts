// Version ranges. A lock of 1,700 packages has about a thousand different ones, and parsing them with
// semver took 90 of the 200 ms that planning had (measured). Nearly all are made of plain comparators
// on release versions, which are intervals; those are read here, everything else goes to semver.
import semver from 'semver';

/** A parsed range; `undefined` intervals mean that only semver can tell. */
interface ParsedRange {
  readonly intervals: readonly Interval[] | undefined;
  slow: semver.Range | undefined;
}

type Release = readonly [major: number, minor: number, patch: number];

/** From `low` up to, but not including, `high`. */
type Interval = readonly [low: Release, high: Release];

/** Tests versions against ranges; remembers the ranges. */
export interface RangeTester {
  /** True when the text is a range that npm understands. */
  isRange(text: string): boolean;
  /** semver's `satisfies(version, text, {loose: true})`. */
  test(version: string, text: string): boolean;
}

/** Makes a tester; one per plan, so that what it remembers goes with the plan. */
export function createRangeTester(): RangeTester {
  const ranges = new Map<string, ParsedRange | undefined>();
  const find = (text: string): ParsedRange | undefined => {
    if (ranges.has(text)) return ranges.get(text);
    const range = parseRange(text);
    ranges.set(text, range);
    return range;
  };
  return {
    isRange: (text) => find(text) !== undefined,
    test(version, text) {
      const range = find(text);
      if (range === undefined) return false;
      const release = parseRelease(version);
      if (range.intervals !== undefined && release !== undefined) {
        return range.intervals.some((interval) => contains(interval, release));
      }
      range.slow ??= new semver.Range(text, true);
      return range.slow.test(version);
    },
  };
}

const RELEASE = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/;
const COMPARATOR = /^(\^|~|>=|<=|>|<|=)?v?(\d{1,9})(?:\.(\d{1,9}|[xX*]))?(?:\.(\d{1,9}|[xX*]))?$/;
const ZERO: Release = [0, 0, 0];
// Above every version that RELEASE accepts, and a small integer: doubles would slow all comparisons down.
const BEYOND = 2 ** 30 - 1;
const INFINITE: Release = [BEYOND, BEYOND, BEYOND];

function parseRelease(version: string): Release | undefined {
  const match = RELEASE.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

function parseRange(text: string): ParsedRange | undefined {
  const intervals = parseIntervals(text);
  if (intervals !== undefined) return { intervals, slow: undefined };
  try {
    return { intervals: undefined, slow: new semver.Range(text, true) };
  } catch {
    return undefined;
  }
}

function parseIntervals(text: string): readonly Interval[] | undefined {
  const intervals: Interval[] = [];
  for (const part of text.split('||')) {
    let low = ZERO;
    let high = INFINITE;
    const tokens = part.trim().replace(/([~^<>=])\s+/g, '$1');
    for (const token of tokens === '' || tokens === '*' ? [] : tokens.split(/\s+/)) {
      const interval = parseComparator(token);
      if (interval === undefined) return undefined;
      if (compare(interval[0], low) > 0) low = interval[0];
      if (compare(interval[1], high) < 0) high = interval[1];
    }
    intervals.push([low, high]);
  }
  return intervals;
}

function parseComparator(token: string): Interval | undefined {
  const match = COMPARATOR.exec(token);
  if (match === null) return undefined;
  const operator = match[1] ?? '=';
  const major = Number(match[2]);
  const minor = partOf(match[3]);
  const patch = partOf(match[4]);
  // `1.x.3`: semver has an opinion.
  if (minor === undefined && patch !== undefined) return undefined;
  const low: Release = [major, minor ?? 0, patch ?? 0];
  // The first version behind everything that the written parts cover: 1.2 -> 1.3.0, 1 -> 2.0.0.
  const behind: Release =
    minor === undefined
      ? [major + 1, 0, 0]
      : patch === undefined
        ? [major, minor + 1, 0]
        : [major, minor, patch + 1];
  if (operator === '=') return [low, behind];
  if (operator === '>=') return [low, INFINITE];
  if (operator === '>') return [behind, INFINITE];
  if (operator === '<') return [ZERO, low];
  if (operator === '<=') return [ZERO, behind];
  if (operator === '~') return [low, minor === undefined ? behind : [major, minor + 1, 0]];
  if (major > 0 || minor === undefined) return [low, [major + 1, 0, 0]];
  return [low, minor > 0 || patch === undefined ? [0, minor + 1, 0] : [0, 0, patch + 1]];
}

function partOf(text: string | undefined): number | undefined {
  return text === undefined || /[xX*]/.test(text) ? undefined : Number(text);
}

function contains([low, high]: Interval, release: Release): boolean {
  return compare(release, low) >= 0 && compare(release, high) < 0;
}

function compare(a: Release, b: Release): number {
  return a[0] !== b[0] ? a[0] - b[0] : a[1] !== b[1] ? a[1] - b[1] : a[2] === b[2] ? 0 : a[2] - b[2];
}
